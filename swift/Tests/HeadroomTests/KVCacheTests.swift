import XCTest

@testable import Headroom

final class KVCacheTests: XCTestCase {
    private let prompt = "Once upon a time there was a little fox who lived in a deep forest"
    private let short = GenerateParameters(maxTokens: 12)

    private func text(_ model: ModelContainer, _ prompt: String, _ cache: (any KVCache)?) async throws -> GenerationInfo {
        try await info(of: model.generate(prompt: prompt, parameters: short, cache: cache))
    }

    func testEveryKindGoesOnFromWhereItWas() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let kinds: [any KVCache] = [
            try KVCacheSimple(model), try RotatingKVCache(model, maxSize: 64),
            try RotatingKVCache(model, maxSize: 64, bits: 4), try QuantizedKVCache(model, bits: 8),
            try ChunkedKVCache(model, chunkSize: 4096),
        ]
        for cache in kinds {
            XCTAssertEqual(cache.offset, 0)
            let first = try await text(model, prompt, cache)
            XCTAssertEqual(first.cachedPromptTokenCount, 0)
            let second = try await text(model, prompt + first.text, cache)
            XCTAssertGreaterThan(second.cachedPromptTokenCount, 10)
            XCTAssertGreaterThan(try cache.state().bytes, 0)
        }
    }

    func testACacheIsTrimmedCopiedSavedAndLoaded() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let cache = try QuantizedKVCache(model, bits: 4)
        _ = try await text(model, prompt, cache)
        let tokens = cache.offset
        let copy = try cache.copy()
        XCTAssertEqual(try cache.trim(4).tokens, tokens - 4)
        XCTAssertEqual(copy.offset, tokens)
        XCTAssertTrue(copy is QuantizedKVCache)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).safetensors")
        defer { try? FileManager.default.removeItem(at: file) }
        try await copy.save(to: file)
        let loaded = try await loadKVCache(for: model, from: file)
        XCTAssertEqual(try loaded.state().kvBits, 4)
        XCTAssertEqual(loaded.offset, tokens)
    }

    func testASessionComesBackFromItsFile() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let session = ChatSession(model, instructions: "Be kind.", generateParameters: short)
        _ = try await session.respond(to: "Tell me a story about a fox.")
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).safetensors")
        defer { try? FileManager.default.removeItem(at: file) }
        try await session.save(to: file)
        let expected = try await session.respond(to: "And then?")
        let resumed = try await ChatSession.load(model, from: file, generateParameters: short)
        let details = try await info(of: resumed.streamDetails(to: "And then?"))
        XCTAssertEqual(details.text, expected)
        XCTAssertGreaterThan(details.cachedPromptTokenCount, 10)
        let other = await failure { try await ChatSession.load(model, from: storyteller.appendingPathComponent("model.safetensors")) }
        XCTAssertEqual(other?.code, .cacheFile)
    }

    func testCachesAreMadeToSuitTheMemory() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let asked = try MemoryOptimizedCacheFactory.createOptimizedCache(
            model: model, parameters: GenerateParameters(maxKVSize: 64, kvBits: 4))
        XCTAssertTrue(asked is RotatingKVCache)
        let adaptive = try MemoryOptimizedCacheFactory.createAdaptiveCache(model: model)
        let session = ChatSession(cache: adaptive, generateParameters: short)
        _ = try await session.respond(to: "Tell me a story about a fox.")
        XCTAssertGreaterThan(try session.cache.state().tokens, 0)
        let report = try CacheMemoryMonitor().monitorAndOptimize(session.cache)
        XCTAssertLessThanOrEqual(report.after.bytes, report.before.bytes)
        MemoryOptimization.forceMemoryCleanup()
        XCTAssertEqual(session.cache.offset, 0)
    }

    func testADraftChangesNothing() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let alone = try await text(model, prompt, nil)
        let drafted = try await info(
            of: model.generate(prompt: prompt, parameters: short, cache: nil, draft: model, draftTokens: 2))
        XCTAssertEqual(drafted.text, alone.text)
        let session = ChatSession(model, generateParameters: short)
        try session.use(draft: model)
        let answer = try await session.respond(to: "Hello!")
        XCTAssertFalse(answer.isEmpty)
    }

    func testWhatNoModelHasIsRefused() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        for make in [
            { try QuantizedKVCache(model, bits: 5) as any KVCache }, { try QuantizedKVCache(model, groupSize: 48, bits: 4) },
            { try RotatingKVCache(model, maxSize: 7) }, { try ChunkedKVCache(model, chunkSize: 0) },
        ] {
            let error = await failure { try make() }
            XCTAssertEqual(error?.code, .invalidParameter)
        }
    }
}
