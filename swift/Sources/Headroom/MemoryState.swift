internal import HeadroomBridge

/// What this process may use, uses and could still take. A figure that the system does not tell is `nil`.
///
/// ```swift
/// let state = MemoryOptimization.getMemoryState()
/// if let ratio = state.memoryUsageRatio { print("\(Int(ratio * 100)) % of the budget") }
/// ```
public struct MemoryState: Sendable, Equatable {
    /// How close use is to the budget.
    ///
    /// ```swift
    /// if state.pressure >= .high { images.removeAll() }
    /// ```
    public enum Pressure: Int, Sendable, Comparable, CaseIterable {
        /// Below half of the budget.
        case low
        /// From 50 %.
        case medium
        /// From 70 %.
        case high
        /// From 85 %.
        case critical

        public static func < (left: Pressure, right: Pressure) -> Bool { left.rawValue < right.rawValue }
    }

    /// What MLX's allocator says of itself.
    ///
    /// ```swift
    /// if let mlx = state.mlx { print(mlx.activeBytes, mlx.cacheBytes) }
    /// ```
    public struct MLXFigures: Sendable, Equatable {
        /// Bytes held by arrays.
        public let activeBytes: UInt64
        /// Bytes freed, but kept for the next array.
        public let cacheBytes: UInt64
        /// The most bytes active at once.
        public let peakBytes: UInt64
        /// Past this MLX waits for running work before it allocates.
        public let memoryLimitBytes: UInt64
        /// Past this freed buffers go back to the system.
        public let cacheLimitBytes: UInt64
    }

    /// Bytes this process may use.
    public let budgetBytes: UInt64?
    /// Bytes it uses.
    public let usedBytes: UInt64?
    /// Bytes it could take now without hurting.
    public let availableBytes: UInt64?
    /// Memory of the device.
    public let physicalBytes: UInt64?
    /// The level, raised by the system's own signal.
    public let pressure: Pressure
    /// Used bytes as a share of the budget.
    public let memoryUsageRatio: Double?
    /// MLX's figures.
    public let mlx: MLXFigures?
}

extension MemoryState {
    /// What is known when the system tells nothing.
    static let unknown = MemoryState(
        budgetBytes: nil, usedBytes: nil, availableBytes: nil, physicalBytes: nil,
        pressure: .low, memoryUsageRatio: nil, mlx: nil
    )

    init(_ state: BridgedMemoryState) {
        self.init(
            budgetBytes: state.budget_bytes,
            usedBytes: state.used_bytes,
            availableBytes: state.available_bytes,
            physicalBytes: state.physical_bytes,
            pressure: Pressure(state.pressure),
            memoryUsageRatio: state.memory_usage_ratio,
            mlx: state.mlx.map(MLXFigures.init)
        )
    }
}

extension MemoryState.Pressure {
    init(_ pressure: BridgedPressure) {
        switch pressure {
        case .Low: self = .low
        case .Medium: self = .medium
        case .High: self = .high
        case .Critical: self = .critical
        }
    }

    var bridged: BridgedPressure {
        switch self {
        case .low: .Low
        case .medium: .Medium
        case .high: .High
        case .critical: .Critical
        }
    }
}

extension MemoryState.MLXFigures {
    init(_ figures: BridgedMlxFigures) {
        activeBytes = figures.active_bytes
        cacheBytes = figures.cache_bytes
        peakBytes = figures.peak_bytes
        memoryLimitBytes = figures.memory_limit_bytes
        cacheLimitBytes = figures.cache_limit_bytes
    }
}
