import XCTest

@testable import Headroom

final class PauseTests: XCTestCase {
    private let parameters = GenerateParameters(maxTokens: 80)

    override func tearDown() {
        MemoryOptimization.resumeGenerations()
    }

    func testAPausedAnswerGoesOnAsIfItHadNotBeen() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let usual = try await info(of: model.generate(prompt: "Once upon a time", parameters: parameters))
        for spillsToDisk in [false, true] {
            var text = ""
            var pauses = 0
            for try await event in model.generate(prompt: "Once upon a time", parameters: parameters) {
                guard case .chunk(let piece) = event else { continue }
                text += piece
                if pauses < 3 {
                    pauses += 1
                    XCTAssertTrue(MemoryOptimization.pauseGenerations(spillsToDisk: spillsToDisk, patience: .seconds(30)))
                    MemoryOptimization.resumeGenerations()
                }
            }
            XCTAssertEqual(text, usual.text)
        }
    }

    func testWhatStartsWhileAllArePausedWaitsToo() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        MemoryOptimization.pauseGenerations()
        let heard = Collected<Generation>()
        let stream = model.generate(prompt: "Once upon a time", parameters: parameters) { heard.append($0) }
        XCTAssertTrue(MemoryOptimization.pauseGenerations(patience: .seconds(30)))
        let before = heard.values.count
        MemoryOptimization.resumeGenerations()
        let answer = try await info(of: stream)
        XCTAssertFalse(answer.text.isEmpty)
        XCTAssertGreaterThan(heard.values.count, before)
        XCTAssertFalse(heard.values.prefix(before).contains { if case .info = $0 { true } else { false } })
    }

    func testAPausedAnswerCanBeDropped() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let parameters = parameters
        let task = Task { try await info(of: model.generate(prompt: "Once", parameters: parameters)) }
        MemoryOptimization.pauseGenerations(spillsToDisk: true, patience: .seconds(30))
        task.cancel()
        _ = await task.result
        MemoryOptimization.resumeGenerations()
        let next = try await info(of: model.generate(prompt: "Once", parameters: GenerateParameters(maxTokens: 2)))
        XCTAssertEqual(next.tokens.count, 2)
    }

    /// What other tests have dropped may still be ending.
    func testPausingNothingIsRest() {
        XCTAssertTrue(MemoryOptimization.pauseGenerations(patience: .seconds(30)))
        MemoryOptimization.resumeGenerations()
        MemoryOptimization.resumeGenerations()
    }
}
