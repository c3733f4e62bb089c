import Foundation
internal import HeadroomBridge

/// What a model has seen of a prompt, kept from one generation to the next: a prompt that begins with the same
/// tokens starts from there, and only the rest is computed.
///
/// When memory gets tight it may be emptied; the next generation then computes all of its prompt.
///
/// ```swift
/// let cache = try KVCacheSimple(model)
/// for try await case .info(let info) in model.generate(prompt: text, cache: cache) { print(info.cachedPromptTokenCount) }
/// ```
public protocol KVCache: Sendable {
    /// What all kinds share.
    var storage: KVCacheStorage { get }
}

/// Which tokens a cache keeps.
public enum KVCacheKind: Sendable, Hashable {
    /// All of them.
    case simple
    /// The first few and the last ones, so many together.
    case rotating(maxSize: Int)
    /// Those of the current chunk.
    case chunked(chunkSize: Int)
}

/// What a cache is now.
public struct KVCacheState: Sendable, Hashable {
    /// Tokens that it has seen; 0 while a generation works with it, and after it had to go.
    public let tokens: Int
    /// What it takes, spare positions included.
    public let bytes: UInt64
    /// Which tokens it keeps.
    public let kind: KVCacheKind
    /// Bits of keys and values; `nil` as they were computed.
    public let kvBits: Int?
    /// Consecutive values that share a scale and a bias.
    public let kvGroupSize: Int
}

/// What every kind of cache is made of.
public final class KVCacheStorage: Sendable {
    let cache: BridgedCache

    init(_ cache: BridgedCache) { self.cache = cache }
}

extension KVCache {
    /// What it is now.
    ///
    /// ```swift
    /// print(try cache.state().bytes)
    /// ```
    /// - Throws: ``HeadroomError``.
    public func state() throws -> KVCacheState {
        KVCacheState(try bridged { try storage.cache.state() })
    }

    /// Tokens that it has seen; 0 where that cannot be told.
    public var offset: Int { (try? state().tokens) ?? 0 }

    /// Forgets the last `count` tokens, or all where it cannot forget some, and tells what is left.
    ///
    /// ```swift
    /// try cache.trim(5)
    /// ```
    /// - Throws: ``HeadroomError``.
    @discardableResult
    public func trim(_ count: Int) throws -> KVCacheState {
        KVCacheState(try bridged { try storage.cache.trim(UInt32(clamping: count)) })
    }

    /// A cache of its own that has seen the same.
    ///
    /// ```swift
    /// let branch = try cache.copy()
    /// ```
    /// - Throws: ``HeadroomError``.
    public func copy() throws -> any KVCache {
        try kvCache(bridged { try storage.cache.copy() })
    }

    /// Writes it to a file, whole or not at all.
    ///
    /// ```swift
    /// try await cache.save(to: directory.appendingPathComponent("prompt.safetensors"))
    /// ```
    /// - Throws: ``HeadroomError``: ``HeadroomError/Code/cacheNotWritten``.
    public func save(to file: URL) async throws {
        try await offTheCooperativePool { try bridged { try storage.cache.save(file.path) } }
    }
}

/// Reads a cache that was saved with the same model.
///
/// ```swift
/// let cache = try await loadKVCache(for: model, from: file)
/// ```
/// - Throws: ``HeadroomError``: ``HeadroomError/Code/cacheFile`` for a damaged file, one of another version and one of
///   another model.
public func loadKVCache(for model: ModelContainer, from file: URL) async throws -> any KVCache {
    try await offTheCooperativePool { try kvCache(bridged { try bridged_load_cache(model.model, file.path) }) }
}

/// The class that a cache's kind goes by.
func kvCache(_ cache: BridgedCache) throws -> any KVCache {
    let storage = KVCacheStorage(cache)
    let state = KVCacheState(try bridged { try cache.state() })
    switch state.kind {
    case .rotating: return RotatingKVCache(storage)
    case .chunked: return ChunkedKVCache(storage)
    case .simple: return state.kvBits == nil ? KVCacheSimple(storage) : QuantizedKVCache(storage)
    }
}

extension KVCacheState {
    init(_ state: BridgedCacheState) {
        let kept = Int(state.tokens_kept)
        self.init(
            tokens: Int(state.tokens),
            bytes: state.bytes,
            kind: [1: .rotating(maxSize: kept), 2: .chunked(chunkSize: kept)][state.kind] ?? .simple,
            kvBits: state.kv_bits == 0 ? nil : Int(state.kv_bits),
            kvGroupSize: Int(state.kv_group_size)
        )
    }
}
