import Foundation
import XCTest

@testable import Headroom

/// The model that ships with the repository.
let storyteller: URL = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("assets/storyteller")

/// What an expression that must fail throws.
func failure<Value>(of body: () async throws -> Value) async -> HeadroomError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? HeadroomError
    }
}

/// Values that several threads write.
final class Collected<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var collected: [Value] = []

    func append(_ value: Value) { lock.withLock { collected.append(value) } }
    var values: [Value] { lock.withLock { collected } }
}

/// Bytes that MLX's arrays hold.
func activeBytes() throws -> UInt64 {
    try XCTUnwrap(MemoryOptimization.getMemoryState().mlx).activeBytes
}

/// Waits for the models of other tests to go, which they do when their last task has noticed, and
/// fails when one is still there after ten seconds.
func waitUntilNothingIsActive() async throws {
    for _ in 0..<1000 where try activeBytes() > 0 { try await Task.sleep(for: .milliseconds(10)) }
    XCTAssertEqual(try activeBytes(), 0)
}

/// The last event of a stream.
func info(of stream: AsyncThrowingStream<Generation, Error>) async throws -> GenerationInfo {
    for try await case .info(let info) in stream { return info }
    throw CancellationError()
}

/// Every event of a stream.
func all(of stream: AsyncThrowingStream<Generation, Error>) async throws -> [Generation] {
    var events: [Generation] = []
    for try await event in stream { events.append(event) }
    return events
}

/// A system whose events the test sends.
final class InjectedEvents: SystemEventSource, @unchecked Sendable {
    private let lock = NSLock()
    private var handler: (@Sendable (SystemEvent) -> Void)?

    func start(_ handler: @escaping @Sendable (SystemEvent) -> Void) { lock.withLock { self.handler = handler } }
    func stop() { lock.withLock { handler = nil } }
    var isHeard: Bool { lock.withLock { handler != nil } }
    func send(_ event: SystemEvent) { lock.withLock { handler }?(event) }
}
