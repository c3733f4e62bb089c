internal import HeadroomBridge

/// A cache that keeps everything, as it was computed.
///
/// ```swift
/// let cache = try KVCacheSimple(model)
/// ```
public final class KVCacheSimple: KVCache {
    public let storage: KVCacheStorage

    init(_ storage: KVCacheStorage) { self.storage = storage }

    /// An empty cache.
    /// - Throws: ``HeadroomError``.
    public convenience init(_ model: ModelContainer) throws {
        self.init(try KVCacheStorage(model, kind: .simple))
    }
}

/// A cache that keeps the first four tokens, which attention leans on, and the last ones; quantised as well where
/// `bits` say so.
///
/// ```swift
/// let cache = try RotatingKVCache(model, maxSize: 1024, bits: 4)
/// ```
public final class RotatingKVCache: KVCache {
    public let storage: KVCacheStorage

    init(_ storage: KVCacheStorage) { self.storage = storage }

    /// An empty cache of at most `maxSize` tokens, at least 8.
    /// - Throws: ``HeadroomError``.
    public convenience init(
        _ model: ModelContainer, maxSize: Int, bits: Int? = nil, groupSize: Int = 64, quantizedStart: Int = 0
    ) throws {
        let quantization = Quantization(bits: bits, groupSize: groupSize, start: quantizedStart)
        self.init(try KVCacheStorage(model, kind: .rotating(maxSize: maxSize), quantization: quantization))
    }
}

/// A cache that keeps everything in fewer bits.
///
/// ```swift
/// let cache = try QuantizedKVCache(model, groupSize: 64, bits: 8)
/// ```
public final class QuantizedKVCache: KVCache {
    public let storage: KVCacheStorage

    init(_ storage: KVCacheStorage) { self.storage = storage }

    /// An empty cache of 2, 3, 4, 6, 8 or 16 bits, from `quantizedStart` tokens on.
    /// - Throws: ``HeadroomError``: ``HeadroomError/Code/invalidParameter`` for groups that the model's heads cannot be
    ///   cut into.
    public convenience init(
        _ model: ModelContainer, groupSize: Int = 64, bits: Int = 8, quantizedStart: Int = 0
    ) throws {
        let quantization = Quantization(bits: bits, groupSize: groupSize, start: quantizedStart)
        self.init(try KVCacheStorage(model, kind: .simple, quantization: quantization))
    }
}

/// A cache that keeps the current chunk alone, for models whose attention ends at a chunk's border.
///
/// ```swift
/// let cache = try ChunkedKVCache(model, chunkSize: 8192)
/// ```
public final class ChunkedKVCache: KVCache {
    public let storage: KVCacheStorage

    init(_ storage: KVCacheStorage) { self.storage = storage }

    /// An empty cache.
    /// - Throws: ``HeadroomError``.
    public convenience init(_ model: ModelContainer, chunkSize: Int) throws {
        self.init(try KVCacheStorage(model, kind: .chunked(chunkSize: chunkSize)))
    }
}

/// How keys and values are kept in fewer bits.
struct Quantization {
    var bits: Int?
    var groupSize = 64
    var start = 0
}

extension KVCacheStorage {
    /// Numbers below zero become zero, and bits that nobody has the smallest, so that the core refuses what means
    /// nothing.
    convenience init(_ model: ModelContainer, kind: KVCacheKind, quantization: Quantization = Quantization()) throws {
        let (number, kept): (Int32, Int) =
            switch kind {
            case .simple: (0, 0)
            case .rotating(let maxSize): (1, maxSize)
            case .chunked(let chunkSize): (2, chunkSize)
            }
        let settings = BridgedCacheSettings(
            kind: number,
            tokens_kept: UInt32(clamping: kept),
            kv_bits: quantization.bits.map { max(1, UInt32(clamping: $0)) } ?? 0,
            kv_group_size: UInt32(clamping: quantization.groupSize),
            quantized_start: UInt32(clamping: quantization.start)
        )
        self.init(try bridged { try bridged_cache(model.model, settings) })
    }
}
