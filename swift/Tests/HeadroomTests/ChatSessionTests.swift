import XCTest

@testable import Headroom

final class ChatSessionTests: XCTestCase {
    private let short = GenerateParameters(maxTokens: 30)

    func testRespondAndStreamGiveTheSameAnswer() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let whole = try await ChatSession(model, generateParameters: short).respond(to: "Tell me a story about a fox.")
        var pieces = ""
        for try await piece in ChatSession(model, generateParameters: short)
            .streamResponse(to: "Tell me a story about a fox.") { pieces += piece }
        XCTAssertFalse(whole.isEmpty)
        XCTAssertEqual(whole, pieces)
    }

    func testASessionKeepsWhatWasSaidUntilItIsReset() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let session = ChatSession(model, generateParameters: short)
        let first = try await promptTokens(of: session)
        let second = try await promptTokens(of: session)
        XCTAssertGreaterThan(second, first)
        session.reset()
        let again = try await promptTokens(of: session)
        XCTAssertEqual(again, first)
    }

    func testAnEmptyQuestionIsRefused() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let error = await failure { try await ChatSession(model).respond(to: "") }
        XCTAssertEqual(error?.code, .promptEmpty)
    }

    func testCancellingTheTaskEndsTheAnswer() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let session = ChatSession(model, generateParameters: GenerateParameters(maxTokens: 100_000))
        let task = Task { try await session.respond(to: "Tell me a story about a fox.") }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        let result = await task.result
        if case .success(let text) = result { XCTAssertLessThan(text.count, 20_000) }
    }

    /// The snippet of the README, so that it stays true.
    func testTheReadmesSnippet() async throws {
        let modelDirectory = storyteller
        let model = try await ModelContainer.load(directory: modelDirectory) { progress in
            print("\(Int(progress.fractionCompleted * 100)) %")
        }
        let session = ChatSession(model, instructions: "You tell short stories.")
        for try await piece in session.streamResponse(to: "Tell me a story about a fox.") {
            print(piece, terminator: "")
        }
        print(MemoryOptimization.getMemoryState().pressure)
    }

    private func promptTokens(of session: ChatSession) async throws -> Int {
        for try await case .info(let info) in session.streamDetails(to: "Hello!") { return info.promptTokenCount }
        throw CancellationError()
    }
}
