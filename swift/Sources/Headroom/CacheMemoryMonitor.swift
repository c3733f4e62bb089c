internal import HeadroomBridge

/// Watches over caches between generations: makes them smaller as far as the pressure asks for it.
///
/// ```swift
/// let monitor = CacheMemoryMonitor()
/// let report = try monitor.monitorAndOptimize(session.cache)
/// print("\(report.before.bytes) -> \(report.after.bytes)")
/// ```
public final class CacheMemoryMonitor: Sendable {
    private let monitor = bridged_cache_monitor()

    /// A monitor that has seen nothing.
    public init() {}

    /// What a look at a cache brought.
    public struct Report: Sendable, Hashable {
        /// How tight memory is.
        public let pressure: MemoryState.Pressure
        /// The cache before.
        public let before: KVCacheState
        /// The cache after.
        public let after: KVCacheState
        /// How often it was quantised or bounded.
        public let actionCount: Int
    }

    /// Looks at memory and, where it is tight, quantises or bounds the cache. One that a generation works with is
    /// left to that generation's governor.
    ///
    /// ```swift
    /// try monitor.monitorAndOptimize(cache)
    /// ```
    /// - Throws: ``HeadroomError``.
    @discardableResult
    public func monitorAndOptimize(_ cache: any KVCache) throws -> Report {
        let report = try bridged { try monitor.optimize(cache.storage.cache) }
        return Report(
            pressure: MemoryState.Pressure(report.pressure),
            before: KVCacheState(report.before),
            after: KVCacheState(report.after),
            actionCount: Int(report.actions)
        )
    }
}
