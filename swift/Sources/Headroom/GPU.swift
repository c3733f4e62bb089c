/// What MLX's allocator says of itself.
///
/// ```swift
/// let before = GPU.snapshot()
/// print(before.activeMemory, GPU.memoryLimit)
/// ```
public enum GPU {
    /// MLX's figures at one moment, in bytes.
    ///
    /// ```swift
    /// print(GPU.snapshot().peakMemory)
    /// ```
    public struct Snapshot: Sendable, Equatable {
        /// Bytes held by arrays.
        public let activeMemory: UInt64
        /// Bytes freed, but kept for the next array.
        public let cacheMemory: UInt64
        /// The most bytes active at once.
        public let peakMemory: UInt64
    }

    /// Past this MLX waits for running work before it allocates; in bytes. 0 where MLX cannot be started, so that
    /// nothing is promised.
    ///
    /// ```swift
    /// let model = LLMRegistry.getOptimalModel(for: GPU.memoryLimit)
    /// ```
    public static var memoryLimit: UInt64 { figures?.memoryLimitBytes ?? 0 }

    /// Past this freed buffers go back to the system; in bytes. 0 where MLX cannot be started.
    ///
    /// ```swift
    /// print(GPU.cacheLimit)
    /// ```
    public static var cacheLimit: UInt64 { figures?.cacheLimitBytes ?? 0 }

    /// The figures of this moment.
    ///
    /// ```swift
    /// let snapshot = GPU.snapshot()
    /// ```
    public static func snapshot() -> Snapshot {
        let figures = figures
        return Snapshot(
            activeMemory: figures?.activeBytes ?? 0,
            cacheMemory: figures?.cacheBytes ?? 0,
            peakMemory: figures?.peakBytes ?? 0
        )
    }

    private static var figures: MemoryState.MLXFigures? { MemoryOptimization.getMemoryState().mlx }
}
