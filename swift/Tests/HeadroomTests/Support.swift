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
