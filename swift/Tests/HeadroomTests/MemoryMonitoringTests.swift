import XCTest

@testable import Headroom

final class MemoryMonitoringTests: XCTestCase {
    override func tearDown() {
        MemoryOptimization.setMemorySignal(nil)
        XCTAssertNoThrow(try MemoryOptimization.setMaxMemory(nil))
    }

    func testMemoryIsToldAtTheInterval() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let parameters = GenerateParameters(maxTokens: 20)
        let stream = MemoryOptimization.generateWithMemoryMonitoring(
            input: "Once upon a time", parameters: parameters, context: model, monitorInterval: 5
        ) {}
        let events = try await all(of: stream)
        let states = events.compactMap { if case .memory(let state) = $0 { state } else { nil } }
        guard case .info(let info) = events.last else { return XCTFail("the end is missing") }
        XCTAssertEqual(states.count, info.tokens.count / 5)
        XCTAssertNotNil(states.first?.usedBytes)
        XCTAssertGreaterThan(info.predictedPeakMLXBytes, 2_000_000)
    }

    func testUnderPressureTheCallbackRunsAndTheGovernorActs() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        MemoryOptimization.setMemorySignal(.critical)
        let calls = Collected<Void>()
        let stream = MemoryOptimization.generateWithMemoryMonitoring(
            input: "Once upon a time", parameters: GenerateParameters(maxTokens: 60, isGoverned: false),
            context: model, monitorInterval: 10
        ) { calls.append(MemoryOptimization.forceMemoryCleanup()) }
        let events = try await all(of: stream)
        let actions = events.compactMap { if case .action(let action) = $0 { action } else { nil } }
        XCTAssertFalse(actions.isEmpty)
        XCTAssertTrue(actions.allSatisfy { $0.kind != .other && !$0.explanation.isEmpty && $0.pressure == .critical })
        XCTAssertEqual(calls.values.count, events.filter(\.showsPressure).count)
        XCTAssertGreaterThan(calls.values.count, actions.count)
    }

    func testWhatShowsPressureIsHighOrCriticalAndNotUndone() {
        let action = { (kind: GovernorAction.Kind, pressure: MemoryState.Pressure) in
            Generation.action(
                GovernorAction(kind: kind, explanation: "", pressure: pressure, freedBytes: nil))
        }
        XCTAssertTrue(action(.stop, .critical).showsPressure)
        XCTAssertTrue(action(.boundKV(maxSize: 8), .high).showsPressure)
        XCTAssertFalse(action(.boundKV(maxSize: 8), .medium).showsPressure)
        XCTAssertFalse(action(.restoreCache(limitBytes: 1), .high).showsPressure)
        XCTAssertFalse(Generation.chunk("a").showsPressure)
        XCTAssertFalse(Generation.memory(.unknown).showsPressure)
    }

    func testEveryActionOfTheHeaderHasAName() {
        for number: UInt32 in 1...9 {
            XCTAssertNotEqual(GovernorAction.Kind(number: number, value: 4), .other)
        }
        XCTAssertEqual(GovernorAction.Kind(number: 3, value: 4), .quantizeKV(bits: 4))
        XCTAssertEqual(GovernorAction.Kind(number: 99, value: 4), .other)
    }

    func testWhereNothingIsLeftTheAnswerEndsWithReasonMemory() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let used = try XCTUnwrap(MemoryOptimization.getMemoryState().usedBytes)
        try MemoryOptimization.setMaxMemory(used + 65_536)
        let endless = GenerateParameters(maxTokens: 900)
        let stopped = try await info(of: model.generate(prompt: "Once upon a time", parameters: endless))
        XCTAssertEqual(stopped.stopReason, .memory)
    }
}
