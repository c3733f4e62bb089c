import XCTest

@testable import Headroom

final class MemoryWarningObserverTests: XCTestCase {
    /// What an observer did, in order.
    private enum Response: Equatable, Sendable {
        case signal(MemoryState.Pressure?)
        case pause
        case resume
    }

    /// Waits that end when the test says so.
    private final class Waits: @unchecked Sendable {
        private let lock = NSLock()
        private var waiting: [CheckedContinuation<Void, Never>] = []
        let begun = Collected<Duration>()

        func wait(_ duration: Duration) async {
            await withCheckedContinuation { continuation in
                lock.withLock { waiting.append(continuation) }
                begun.append(duration)
            }
        }

        /// Ends the oldest wait, once it has begun.
        func endOldest() async throws {
            for _ in 0..<1000 where lock.withLock({ waiting.isEmpty }) { try await Task.sleep(for: .milliseconds(10)) }
            try XCTUnwrap(lock.withLock { waiting.isEmpty ? nil : waiting.removeFirst() }).resume()
        }
    }

    private let source = InjectedEvents()
    private let waits = Waits()
    private let done = Collected<Response>()

    private func observer() -> MemoryWarningObserver {
        let done = done
        let waits = waits
        let responses = MemoryWarningObserver.Responses(
            signal: { done.append(.signal($0)) }, pause: { done.append(.pause) }, resume: { done.append(.resume) })
        return MemoryWarningObserver(source: source, responses: responses) { await waits.wait($0) }
    }

    private func waitForResponses(_ count: Int) async throws {
        for _ in 0..<1000 where done.values.count < count { try await Task.sleep(for: .milliseconds(10)) }
    }

    func testAWarningHoldsForItsTimeAndIsTakenBack() async throws {
        let observer = observer()
        source.send(.memoryWarning(.critical))
        XCTAssertEqual(done.values, [.signal(.critical)])
        try await waits.endOldest()
        try await waitForResponses(2)
        XCTAssertEqual(done.values, [.signal(.critical), .signal(nil)])
        XCTAssertEqual(waits.begun.values, [MemoryWarningObserver.warningDuration])
        withExtendedLifetime(observer) {}
    }

    func testALaterWarningHoldsLongerAndAMilderOneLowersNothing() async throws {
        let observer = observer()
        source.send(.memoryWarning(.critical))
        source.send(.memoryWarning(.high))
        XCTAssertEqual(done.values, [.signal(.critical), .signal(.critical)])
        try await waits.endOldest()
        try await waits.endOldest()
        try await waitForResponses(3)
        XCTAssertEqual(done.values, [.signal(.critical), .signal(.critical), .signal(nil)])
        withExtendedLifetime(observer) {}
    }

    func testTheSystemTakesItsWarningBackAtOnce() async throws {
        let observer = observer()
        source.send(.memoryNormal)
        XCTAssertEqual(done.values, [])
        source.send(.memoryWarning(.high))
        source.send(.memoryNormal)
        XCTAssertEqual(done.values, [.signal(.high), .signal(nil)])
        try await waits.endOldest()
        XCTAssertEqual(done.values, [.signal(.high), .signal(nil)])
        withExtendedLifetime(observer) {}
    }

    func testTheWayToTheBackgroundPausesBeforeTheHandlerReturns() {
        let observer = observer()
        source.send(.enteredForeground)
        XCTAssertEqual(done.values, [])
        source.send(.leavingForeground)
        XCTAssertEqual(done.values, [.pause])
        source.send(.leavingForeground)
        source.send(.enteredForeground)
        XCTAssertEqual(done.values, [.pause, .pause, .resume])
        withExtendedLifetime(observer) {}
    }

    func testADroppedObserverHearsNothingAndLeavesNothingBehind() async throws {
        var observer: MemoryWarningObserver? = observer()
        source.send(.memoryWarning(.critical))
        source.send(.leavingForeground)
        withExtendedLifetime(observer) {}
        observer = nil
        XCTAssertFalse(source.isHeard)
        XCTAssertEqual(done.values, [.signal(.critical), .pause, .signal(nil), .resume])
        try await waits.endOldest()
    }

    func testAnInjectedWarningReachesTheGovernorAndTheBackgroundPausesAStream() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let observer = MemoryWarningObserver(source: source, spillsToDisk: true, patience: .seconds(30))
        var acted = false
        var chunks = 0
        source.send(.memoryWarning(.critical))
        XCTAssertEqual(MemoryOptimization.getMemoryState().pressure, .critical)
        for try await event in model.generate(prompt: "Once", parameters: GenerateParameters(maxTokens: 60)) {
            if case .action = event { acted = true }
            guard case .chunk = event else { continue }
            chunks += 1
            if chunks == 3 {
                source.send(.leavingForeground)
                source.send(.enteredForeground)
            }
        }
        XCTAssertTrue(acted)
        XCTAssertGreaterThan(chunks, 3)
        source.send(.memoryNormal)
        XCTAssertLessThan(MemoryOptimization.getMemoryState().pressure, .critical)
        withExtendedLifetime(observer) {}
    }
}
