import Foundation
internal import HeadroomBridge

/// Gets models into memory: chooses, downloads and loads.
///
/// ```swift
/// let model = try await MemoryOptimizedModelFactory.shared.loadOptimizedContainer { progress in
///     print("\(Int(progress.fractionCompleted * 100)) %")
/// }
/// ```
public final class MemoryOptimizedModelFactory: Sendable {
    /// With the usual hub and cache.
    public static let shared = MemoryOptimizedModelFactory()

    /// Where models come from and where they are kept.
    public let hub: HubConfiguration

    /// A factory with a hub and a cache of its own.
    ///
    /// ```swift
    /// let factory = MemoryOptimizedModelFactory(hub: HubConfiguration(cacheDirectory: directory))
    /// ```
    public init(hub: HubConfiguration = HubConfiguration()) {
        self.hub = hub
    }

    /// Loads the best model of ``LLMRegistry`` that fits into what this process could take now, with its KV cache
    /// for the context, and downloads it before if it is not in the cache.
    ///
    /// ```swift
    /// let model = try await factory.loadOptimizedContainer(contextLength: 8192)
    /// ```
    /// - Parameters:
    ///   - contextLength: Prompt and answer together, in tokens.
    ///   - progress: Hears how far it has come, on a thread of the core's. Cancelling the `Progress` or the task
    ///     stops it; what has been downloaded is kept for the next time.
    /// - Throws: ``HeadroomError``: ``HeadroomError/Code/doesNotFit`` where no model fits.
    public func loadOptimizedContainer(
        contextLength: Int = LLMRegistry.usualContextLength,
        progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> ModelContainer {
        guard let available = MemoryOptimization.getMemoryState().availableBytes else {
            throw HeadroomError(
                code: .memoryUnreadable,
                message: "the system does not tell how much memory is available; load a model that you choose yourself"
            )
        }
        let selection = LLMRegistry.select(for: available, contextLength: contextLength)
        guard let model = selection.model else {
            throw HeadroomError(code: .doesNotFit, message: selection.explanation)
        }
        return try await loadContainer(configuration: model, progress: progress)
    }

    /// Loads a model that you choose, and downloads it before if it has an id and is not in the cache.
    ///
    /// ```swift
    /// let model = try await factory.loadContainer(configuration: ModelConfiguration(id: "Qwen3-0.6B"))
    /// ```
    /// - Parameter progress: As for ``loadOptimizedContainer(contextLength:progress:)``.
    /// - Throws: ``HeadroomError``.
    public func loadContainer(
        configuration: ModelConfiguration, progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> ModelContainer {
        let loading =
            switch configuration.source {
            case .directory(let directory): bridged_load(directory.path)
            case .id(let id): bridged_load_by_name(id, hub.bridged)
            }
        return try await ModelContainer.finish(loading, progress: progress)
    }
}
