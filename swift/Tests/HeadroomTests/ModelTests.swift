import XCTest

@testable import Headroom
@testable import HeadroomBridge

final class ModelTests: XCTestCase {
    func testProgressGrowsToTheEnd() async throws {
        let seen = Collected<Double>()
        _ = try await ModelContainer.load(directory: storyteller) { seen.append($0.fractionCompleted) }
        XCTAssertEqual(seen.values, seen.values.sorted())
        XCTAssertEqual(try XCTUnwrap(seen.values.last), 1, accuracy: 1e-9)
    }

    func testCancellingTheProgressStopsLoading() async {
        let error = await failure { try await ModelContainer.load(directory: storyteller) { $0.cancel() } }
        XCTAssertEqual(error?.code, .cancelled)
    }

    func testAMissingDirectoryIsOneSentence() async {
        let missing = storyteller.appendingPathComponent("nowhere")
        let error = await failure { try await ModelContainer.load(directory: missing) }
        XCTAssertNotNil(error?.code)
        XCTAssertTrue(error?.localizedDescription.contains("nowhere") ?? false, "\(String(describing: error))")
    }

    func testSameSeedSameText() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let parameters = GenerateParameters(maxTokens: 24, temperature: 0.8, topP: 0.9, seed: 5)
        let first = try await info(of: model.generate(prompt: "Once upon a time", parameters: parameters))
        let second = try await info(of: model.generate(prompt: "Once upon a time", parameters: parameters))
        XCTAssertEqual(first.tokens, second.tokens)
        XCTAssertEqual(first.tokens.count, 24)
        XCTAssertEqual(first.stopReason, .length)
    }

    func testChunksJoinToTheAnswer() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        var text = ""
        var answer: String?
        let parameters = GenerateParameters(maxTokens: 40)
        for try await event in model.generate(prompt: "The little fox", parameters: parameters) {
            switch event {
            case .chunk(let piece): text += piece
            case .info(let info): answer = info.text
            case .prefill(let done, let total): XCTAssertLessThanOrEqual(done, total)
            case .memory: XCTFail("nobody asked for it")
            case .action: break
            }
        }
        XCTAssertEqual(text, answer)
        XCTAssertFalse(text.isEmpty)
    }

    func testAStopTextEndsTheAnswerBeforeIt() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let parameters = GenerateParameters(maxTokens: 200, stop: ["."])
        let info = try await info(of: model.generate(prompt: "Once upon a time", parameters: parameters))
        XCTAssertEqual(info.stopReason, .stop)
        XCTAssertFalse(info.text.contains("."))
    }

    func testAParameterOutOfRangeIsRefusedByName() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let parameters = GenerateParameters(maxTokens: 0)
        let error = await failure { try await info(of: model.generate(prompt: "a", parameters: parameters)) }
        XCTAssertEqual(error?.code, .invalidParameter)
        XCTAssertTrue(error?.message.contains("max_tokens") ?? false)
    }

    func testDroppingTheStreamStopsTheWork() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let endless = GenerateParameters(maxTokens: 1_000_000)
        for try await case .chunk in model.generate(prompt: "Once", parameters: endless) { break }
        let after = try await info(of: model.generate(prompt: "Once", parameters: GenerateParameters(maxTokens: 2)))
        XCTAssertEqual(after.tokens.count, 2)
    }

    func testTheMemoryOfAModelComesBack() async throws {
        try await waitUntilNothingIsActive()
        do {
            let model = try await ModelContainer.load(directory: storyteller)
            XCTAssertGreaterThan(try activeBytes(), 2_000_000)
            _ = model.vocabularySize
        }
        try await waitUntilNothingIsActive()
    }

    func testAPanicInTheCoreIsAnError() async {
        let error = await failure { try bridged { try bridged_panic() } }
        XCTAssertEqual(error?.code, .internalFault)
    }
}
