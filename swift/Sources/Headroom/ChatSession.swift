import Foundation
internal import HeadroomBridge

/// A conversation with a model: it keeps what was said.
///
/// ```swift
/// let session = ChatSession(model, instructions: "Answer in one sentence.")
/// print(try await session.respond(to: "What is a fox?"))
/// for try await piece in session.streamResponse(to: "And a wolf?") { print(piece, terminator: "") }
/// ```
public final class ChatSession: Sendable {
    private let session: BridgedSession

    /// An empty conversation.
    ///
    /// ```swift
    /// let session = ChatSession(model, generateParameters: GenerateParameters(maxKVSize: 512, monitorInterval: 25))
    /// ```
    public init(
        _ model: ModelContainer,
        instructions: String? = nil,
        generateParameters: GenerateParameters = GenerateParameters()
    ) {
        session = bridged_session(model.model, instructions, generateParameters.bridged)
    }

    private init(_ session: BridgedSession) { self.session = session }

    /// An empty conversation that keeps what the model has seen in `cache`.
    ///
    /// ```swift
    /// let session = ChatSession(cache: try MemoryOptimizedCacheFactory.createAdaptiveCache(model: model))
    /// ```
    public convenience init(
        cache: any KVCache,
        instructions: String? = nil,
        generateParameters: GenerateParameters = GenerateParameters()
    ) {
        self.init(bridged_session_with_cache(cache.storage.cache, instructions, generateParameters.bridged))
    }

    /// Goes on with a conversation that ``save(to:)`` has written, as if it had never ended. How keys and values are
    /// kept is as it was then; the parameters say all else.
    ///
    /// ```swift
    /// let session = try await ChatSession.load(model, from: file)
    /// ```
    /// - Throws: ``HeadroomError``: ``HeadroomError/Code/cacheFile`` for a damaged file, one of another version and
    ///   one of another model.
    public static func load(
        _ model: ModelContainer, from file: URL, generateParameters: GenerateParameters = GenerateParameters()
    ) async throws -> ChatSession {
        try await offTheCooperativePool {
            ChatSession(try bridged { try bridged_load_session(model.model, file.path, generateParameters.bridged) })
        }
    }

    /// Writes the conversation, with what the model has seen of it, to a file, whole or not at all.
    ///
    /// ```swift
    /// try await session.save(to: file)
    /// ```
    /// - Throws: ``HeadroomError``: ``HeadroomError/Code/cacheNotWritten``.
    public func save(to file: URL) async throws {
        try await offTheCooperativePool { [session] in try bridged { try session.save(file.path) } }
    }

    /// Where what the model has seen is kept.
    ///
    /// ```swift
    /// print(try session.cache.state().bytes)
    /// ```
    public var cache: any KVCache { SessionCache(storage: KVCacheStorage(session.cache())) }

    /// Lets a small model propose tokens for the answers to come; they stay what they are and come faster.
    ///
    /// ```swift
    /// try session.use(draft: smallModel)
    /// ```
    /// - Throws: ``HeadroomError``: ``HeadroomError/Code/anotherModel`` for one that reads text as other tokens.
    public func use(draft: ModelContainer, tokens: Int = 3) throws {
        try bridged { try session.set_draft(draft.model, UInt32(clamping: tokens)) }
    }

    /// The whole answer.
    ///
    /// ```swift
    /// let answer = try await session.respond(to: "What is a fox?")
    /// ```
    /// - Throws: ``HeadroomError``, and `CancellationError` when the task was cancelled.
    public func respond(to text: String) async throws -> String {
        for try await case .info(let info) in streamDetails(to: text) {
            try Task.checkCancellation()
            return info.text
        }
        throw CancellationError()
    }

    /// The answer, piece by piece. Work stops when the stream is dropped.
    ///
    /// ```swift
    /// for try await piece in session.streamResponse(to: "And a wolf?") { print(piece, terminator: "") }
    /// ```
    public func streamResponse(to text: String) -> AsyncThrowingStream<String, Error> {
        let details = streamDetails(to: text)
        return AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    for try await case .chunk(let piece) in details { continuation.yield(piece) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// The answer with progress, memory, actions and figures. Work stops when the stream is dropped.
    ///
    /// ```swift
    /// for try await case .action(let action) in session.streamDetails(to: "Go on.") { print(action.explanation) }
    /// ```
    public func streamDetails(to text: String) -> AsyncThrowingStream<Generation, Error> {
        events { try session.respond(text) }
    }

    /// Forgets everything but the instructions.
    ///
    /// ```swift
    /// session.reset()
    /// ```
    public func reset() { session.reset() }

    /// Forgets everything and begins again under other instructions, or none.
    ///
    /// ```swift
    /// session.begin(instructions: "Answer in one sentence.")
    /// ```
    public func begin(instructions: String?) { session.set_instructions(instructions) }
}

/// A session's cache, whatever it is at the moment.
private struct SessionCache: KVCache {
    let storage: KVCacheStorage
}
