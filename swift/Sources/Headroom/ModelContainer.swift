import Foundation
internal import HeadroomBridge

/// A model in memory with its tokenizer. Usable from any task; its memory is given back when the last
/// reference goes.
///
/// ```swift
/// let model = try await ModelContainer.load(directory: directory) { progress in
///     print(progress.fractionCompleted)
/// }
/// for try await case .chunk(let text) in model.generate(prompt: "Once upon a time") {
///     print(text, terminator: "")
/// }
/// ```
public final class ModelContainer: Sendable {
    let model: BridgedModel

    private init(_ model: BridgedModel) { self.model = model }

    /// Loads the model in `directory`, as Hugging Face and mlx-community publish them.
    ///
    /// ```swift
    /// let model = try await ModelContainer.load(directory: directory) { print($0.fractionCompleted) }
    /// ```
    /// - Parameter progress: Hears how far it has come, on a thread of the core's. Cancelling the `Progress` or the
    ///   task stops the loading.
    /// - Throws: ``HeadroomError``, among them one that says that the model does not fit.
    public static func load(
        directory: URL, progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> ModelContainer {
        try await finish(bridged_load(directory.path), progress: progress)
    }

    /// Waits for a model that is on its way.
    static func finish(
        _ loading: BridgedLoading, progress: @escaping @Sendable (Progress) -> Void
    ) async throws -> ModelContainer {
        _ = useMetalLibrary
        return try await withTaskCancellationHandler {
            try await offTheCooperativePool {
                report(loading, to: progress)
                return ModelContainer(try bridged { try loading.finish() })
            }
        } onCancel: {
            loading.cancel()
        }
    }

    /// Whether conversations can be put to this model.
    ///
    /// ```swift
    /// if model.hasChatTemplate { let session = ChatSession(model) }
    /// ```
    public var hasChatTemplate: Bool { model.has_chat_template() }

    /// How many token ids there are.
    public var vocabularySize: Int { Int(model.vocabulary_size()) }

    /// The longest sequence the model was made for, in tokens.
    public var contextLength: Int? { model.context_length().map(Int.init) }

    /// Continues plain text. Work stops when the stream is dropped.
    ///
    /// ```swift
    /// for try await case .chunk(let text) in model.generate(prompt: "Once") { print(text, terminator: "") }
    /// ```
    public func generate(
        prompt: String, parameters: GenerateParameters = GenerateParameters()
    ) -> AsyncThrowingStream<Generation, Error> {
        generate(prompt: prompt, parameters: parameters) { _ in }
    }

    /// Continues plain text from what `cache` has seen of it, and with a small model that proposes tokens. Neither
    /// changes what is generated; the cache's settings for keys and values hold instead of the parameters'.
    ///
    /// ```swift
    /// let stream = model.generate(prompt: text, cache: cache, draft: smallModel)
    /// ```
    public func generate(
        prompt: String,
        parameters: GenerateParameters = GenerateParameters(),
        cache: (any KVCache)?,
        draft: ModelContainer? = nil,
        draftTokens: Int = 3
    ) -> AsyncThrowingStream<Generation, Error> {
        events {
            let aids = bridged_aids()
            if let cache { aids.use_cache(cache.storage.cache) }
            if let draft { try aids.use_draft(model, draft.model, UInt32(clamping: draftTokens)) }
            return try model.generate_with(prompt, parameters.bridged, aids)
        }
    }

    func generate(
        prompt: String, parameters: GenerateParameters, hear: @escaping @Sendable (Generation) -> Void
    ) -> AsyncThrowingStream<Generation, Error> {
        events(of: { try model.generate(prompt, parameters.bridged) }, hear: hear)
    }
}

/// Passes the core's progress on until loading ends.
private func report(_ loading: BridgedLoading, to observer: (Progress) -> Void) {
    let progress = Progress(totalUnitCount: LoadingProgress.units)
    var stages = LoadingProgress()
    while let news = loading.next_progress() {
        progress.completedUnitCount = stages.completedUnits(news)
        observer(progress)
        if progress.isCancelled { loading.cancel() }
    }
}

/// Tells MLX once where this package keeps its Metal kernels. Not run on Linux, where there are none.
private let useMetalLibrary: Void = {
    #if HEADROOM_METAL_LIBRARIES
    #if os(macOS)
    let name = "mlx-macosx"
    #else
    let name = "mlx-iphoneos"
    #endif
    guard let path = Bundle.module.path(forResource: name, ofType: "metallib", inDirectory: "Resources") else { return }
    // Without it MLX looks in its own places, and the first operation says what it did not find.
    try? bridged { try bridged_use_metal_library(path) }
    #endif
}()
