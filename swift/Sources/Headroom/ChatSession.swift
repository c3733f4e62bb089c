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
}
