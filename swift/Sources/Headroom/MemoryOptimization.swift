internal import HeadroomBridge

/// Memory of this process: look at it, and give back what is not needed.
///
/// ```swift
/// let state = MemoryOptimization.getMemoryState()
/// if state.pressure >= .high { MemoryOptimization.forceMemoryCleanup() }
/// ```
public enum MemoryOptimization {
    /// What this process may use, uses and could still take.
    public static func getMemoryState() -> MemoryState {
        guard let state = try? bridged({ try bridged_memory_state() }) else { return .unknown }
        return MemoryState(state)
    }

    /// Gives buffers that MLX keeps for later back to the system.
    public static func forceMemoryCleanup() {
        // What cannot be cleared is kept, which is no failure of the caller's.
        try? bridged { try bridged_clear_cache() }
    }
}
