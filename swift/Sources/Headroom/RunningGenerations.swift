import Foundation
internal import HeadroomBridge

/// The generations of this process that are under way, to be paused and resumed together.
final class RunningGenerations: @unchecked Sendable {
    static let shared = RunningGenerations()

    private let lock = NSLock()
    private var running: [ObjectIdentifier: BridgedGeneration] = [:]
    /// While not `nil`, whatever starts is paused at once.
    private var pause: Pause?

    private struct Pause {
        let spillsToDisk: Bool
    }

    func add(_ generation: BridgedGeneration) {
        lock.withLock {
            running[ObjectIdentifier(generation)] = generation
            if let pause { _ = generation.pause(pause.spillsToDisk, 0) }
        }
    }

    func remove(_ generation: BridgedGeneration) {
        lock.withLock { _ = running.removeValue(forKey: ObjectIdentifier(generation)) }
    }

    /// Pauses all, and waits until nothing is computed any more, but no longer than `patience` in all.
    ///
    /// The lock is held meanwhile, so that nobody resumes what is not yet paused.
    func pauseAll(spillsToDisk: Bool, patience: Duration) -> Bool {
        let deadline = ContinuousClock.now + patience
        return lock.withLock {
            pause = Pause(spillsToDisk: spillsToDisk)
            // All are asked before one is waited for.
            for generation in running.values { _ = generation.pause(spillsToDisk, 0) }
            return running.values.reduce(true) { areAtRest, generation in
                let left = max(0, (deadline - .now) / .seconds(1))
                return generation.pause(spillsToDisk, left) && areAtRest
            }
        }
    }

    func resumeAll() {
        lock.withLock {
            pause = nil
            for generation in running.values { generation.resume() }
        }
    }
}

extension MemoryOptimization {
    /// Pauses every generation of this process, those that start later too, and waits until nothing is computed any
    /// more. Their streams go on after ``resumeGenerations()``, as if nothing had been.
    ///
    /// Systems before iOS 26 refuse work on the GPU in the background, so pause before. ``MemoryWarningObserver``
    /// calls it by itself.
    ///
    /// ```swift
    /// MemoryOptimization.pauseGenerations(spillsToDisk: true)
    /// ```
    /// - Parameters:
    ///   - spillsToDisk: Whether KV caches go to a temporary file meanwhile.
    ///   - patience: The longest wait, for all together.
    /// - Returns: Whether nothing is computed any more; else it ends with the steps at hand.
    @discardableResult
    public static func pauseGenerations(spillsToDisk: Bool = false, patience: Duration = .seconds(2)) -> Bool {
        RunningGenerations.shared.pauseAll(spillsToDisk: spillsToDisk, patience: patience)
    }

    /// Lets paused generations go on.
    ///
    /// ```swift
    /// MemoryOptimization.resumeGenerations()
    /// ```
    public static func resumeGenerations() {
        RunningGenerations.shared.resumeAll()
    }
}
