internal import HeadroomBridge

/// Memory of this process: look at it, bound it, and give back what is not needed.
///
/// ```swift
/// MemoryOptimization.setAdaptiveMemoryLimits(strategy: .balanced)
/// let parameters = MemoryOptimization.getOptimalGenerationParameters(strategy: .balanced)
/// if MemoryOptimization.getMemoryState().pressure >= .high { MemoryOptimization.forceMemoryCleanup() }
/// ```
public enum MemoryOptimization {
    /// How much speed and precision may be given up to save memory.
    ///
    /// ```swift
    /// for strategy in MemoryOptimization.Strategy.allCases { print(strategy.rawValue) }
    /// ```
    public enum Strategy: String, Sendable, CaseIterable {
        /// Keeps the precision as long as it can: mainly smaller prefill steps.
        case conservative
        /// Keys and values in half the bits, a bounded context when memory is tight.
        case balanced
        /// Keys and values in 4 bits, and a bounded context.
        case aggressive
    }

    /// What MLX was told to keep to.
    ///
    /// ```swift
    /// if let limits = MemoryOptimization.setAdaptiveMemoryLimits(strategy: .aggressive) {
    ///     print(limits.memoryBytes, limits.cacheBytes)
    /// }
    /// ```
    public struct AllocatorLimits: Sendable, Equatable {
        /// The most that it takes before it frees its cache and waits.
        public let memoryBytes: UInt64
        /// The most that it keeps for reuse.
        public let cacheBytes: UInt64
        /// The most that is wired for the GPU; `nil` where the limit is left alone.
        public let wiredBytes: UInt64?
    }

    /// What this process may use, uses and could still take.
    ///
    /// ```swift
    /// print(MemoryOptimization.getMemoryState().pressure)
    /// ```
    public static func getMemoryState() -> MemoryState {
        guard let state = try? bridged({ try bridged_memory_state() }) else { return .unknown }
        return MemoryState(state)
    }

    /// Sets MLX's limits from the budget as it is now, never from limits set before, and keeps to the strategy
    /// from now on.
    ///
    /// ```swift
    /// MemoryOptimization.setAdaptiveMemoryLimits(strategy: .balanced)
    /// ```
    /// - Returns: The limits; `nil` where the system does not tell the budget, and MLX's own limits stay.
    @discardableResult
    public static func setAdaptiveMemoryLimits(strategy: Strategy = .balanced) -> AllocatorLimits? {
        let limits = try? bridged { try bridged_set_adaptive_limits(strategy.bridged) }
        return limits.map(AllocatorLimits.init)
    }

    /// What a generation that starts now should be set to, by the pressure there is.
    ///
    /// ```swift
    /// var parameters = MemoryOptimization.getOptimalGenerationParameters(strategy: .aggressive)
    /// parameters.maxTokens = 100
    /// ```
    /// - Returns: The defaults, with the strategy's settings; where memory cannot be read, the defaults.
    public static func getOptimalGenerationParameters(strategy: Strategy = .balanced) -> GenerateParameters {
        let settings = try? bridged { try bridged_optimal_settings(strategy.bridged) }
        return settings.map { GenerateParameters().with($0) } ?? GenerateParameters()
    }

    /// Gives buffers that MLX keeps for later back to the system.
    ///
    /// ```swift
    /// MemoryOptimization.forceMemoryCleanup()
    /// ```
    public static func forceMemoryCleanup() {
        // What cannot be cleared is kept, which is no failure of the caller's.
        try? bridged { try bridged_clear_cache() }
    }

    /// Bounds what this process may use, for predictions, limits and the governor alike; `nil` lifts the bound.
    ///
    /// ```swift
    /// try MemoryOptimization.setMaxMemory(2_000_000_000)
    /// ```
    /// - Throws: ``HeadroomError`` when it is zero, less than is used already, or more than the machine allows.
    public static func setMaxMemory(_ bytes: UInt64?) throws {
        try bridged { try bridged_set_max_memory(bytes) }
    }

    /// Passes on what the system said of memory; `nil` takes it back. It raises the pressure that everybody sees,
    /// and so makes the governor act. ``MemoryWarningObserver`` calls it by itself.
    ///
    /// ```swift
    /// MemoryOptimization.setMemorySignal(.critical)
    /// ```
    public static func setMemorySignal(_ level: MemoryState.Pressure?) {
        if let level {
            bridged_set_memory_signal(level.bridged)
        } else {
            bridged_clear_memory_signal()
        }
    }
}

extension MemoryOptimization.Strategy {
    var bridged: BridgedStrategy {
        switch self {
        case .conservative: .Conservative
        case .balanced: .Balanced
        case .aggressive: .Aggressive
        }
    }
}

extension MemoryOptimization.AllocatorLimits {
    init(_ limits: BridgedLimits) {
        memoryBytes = limits.memory_bytes
        cacheBytes = limits.cache_bytes
        wiredBytes = limits.wired_bytes
    }
}
