import Foundation

/// Where calls wait that block in the core. Swift's own threads are few and must not wait.
private let queue = DispatchQueue(label: "headroom.blocking", attributes: .concurrent)

/// Carries out `body` off Swift's own threads.
func offTheCooperativePool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        queue.async { continuation.resume(with: Result { try body() }) }
    }
}

/// Starts `body` off Swift's own threads and does not wait for it.
func startOffTheCooperativePool(_ body: @escaping @Sendable () -> Void) {
    queue.async(execute: body)
}
