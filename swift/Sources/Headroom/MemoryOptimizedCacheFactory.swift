internal import HeadroomBridge

/// Makes caches that suit the memory there is.
///
/// ```swift
/// let cache = try MemoryOptimizedCacheFactory.createAdaptiveCache(model: model)
/// let session = ChatSession(cache: cache)
/// ```
public enum MemoryOptimizedCacheFactory {
    /// A cache as the parameters ask for it; where they leave that open, as the balanced strategy keeps keys and
    /// values under the pressure there is now.
    ///
    /// ```swift
    /// let cache = try MemoryOptimizedCacheFactory.createOptimizedCache(model: model)
    /// ```
    /// - Throws: ``HeadroomError``.
    public static func createOptimizedCache(
        model: ModelContainer, parameters: GenerateParameters = GenerateParameters()
    ) throws -> any KVCache {
        try kvCache(bridged { try bridged_optimized_cache(model.model, parameters.bridged) })
    }

    /// A cache that keeps keys and values as exactly as there is room for, and goes on choosing while it grows: fewer
    /// bits first, and a bound at last. `parameters.maxTokens` tells how far it is planned ahead.
    ///
    /// ```swift
    /// let cache = try MemoryOptimizedCacheFactory.createAdaptiveCache(model: model)
    /// ```
    /// - Throws: ``HeadroomError``.
    public static func createAdaptiveCache(
        model: ModelContainer, parameters: GenerateParameters = GenerateParameters()
    ) throws -> any KVCache {
        try kvCache(bridged { try bridged_adaptive_cache(model.model, parameters.bridged) })
    }

    /// Sets what caches that no generation works with may take together, the least recently used going first; `nil`
    /// is a quarter of what is available.
    ///
    /// ```swift
    /// try MemoryOptimizedCacheFactory.setIdleCacheLimit(256 << 20)
    /// ```
    /// - Throws: ``HeadroomError``.
    public static func setIdleCacheLimit(_ bytes: UInt64?) throws {
        try bridged { try bridged_set_prompt_cache_limit(bytes) }
    }
}
