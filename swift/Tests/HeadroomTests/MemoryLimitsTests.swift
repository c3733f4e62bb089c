import XCTest

@testable import Headroom

final class MemoryLimitsTests: XCTestCase {
    override func tearDown() {
        MemoryOptimization.setMemorySignal(nil)
        XCTAssertNoThrow(try MemoryOptimization.setMaxMemory(nil))
    }

    func testAStricterStrategyGivesMLXLess() throws {
        let limits = try [.conservative, .balanced, .aggressive].map { strategy in
            try XCTUnwrap(MemoryOptimization.setAdaptiveMemoryLimits(strategy: strategy)).memoryBytes
        }
        XCTAssertEqual(limits, limits.sorted(by: >))
        XCTAssertEqual(GPU.memoryLimit, limits.last)
        let restored = try XCTUnwrap(MemoryOptimization.setAdaptiveMemoryLimits(strategy: .conservative))
        XCTAssertGreaterThan(restored.memoryBytes, limits[1])
        XCTAssertEqual(GPU.cacheLimit, restored.cacheBytes)
    }

    func testOptimalParametersAreThoseOfTheStrategy() {
        let usual = GenerateParameters()
        let aggressive = MemoryOptimization.getOptimalGenerationParameters(strategy: .aggressive)
        XCTAssertEqual(aggressive.kvBits, 4)
        XCTAssertNotNil(aggressive.maxKVSize)
        XCTAssertLessThan(aggressive.prefillStepSize, usual.prefillStepSize)
        XCTAssertEqual(aggressive.maxTokens, usual.maxTokens)
    }

    func testAMaximumHoldsUntilItIsLifted() throws {
        let before = MemoryOptimization.getMemoryState()
        let maximum = try XCTUnwrap(before.usedBytes) + 256 << 20
        try MemoryOptimization.setMaxMemory(maximum)
        XCTAssertEqual(MemoryOptimization.getMemoryState().budgetBytes, maximum)
        try MemoryOptimization.setMaxMemory(nil)
        XCTAssertEqual(MemoryOptimization.getMemoryState().budgetBytes, before.budgetBytes)
    }

    func testAnImpossibleMaximumIsRefused() async {
        for bytes: UInt64 in [0, 1, .max] {
            let error = await failure { try MemoryOptimization.setMaxMemory(bytes) }
            XCTAssertEqual(error?.code, .invalidParameter, "\(bytes)")
        }
    }

    func testASignalRaisesThePressureUntilItIsTakenBack() {
        let before = MemoryOptimization.getMemoryState().pressure
        MemoryOptimization.setMemorySignal(.critical)
        XCTAssertEqual(MemoryOptimization.getMemoryState().pressure, .critical)
        MemoryOptimization.setMemorySignal(nil)
        XCTAssertEqual(MemoryOptimization.getMemoryState().pressure, before)
    }

    func testASnapshotIsWhatMLXHolds() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let snapshot = GPU.snapshot()
        XCTAssertGreaterThan(snapshot.activeMemory, 2_000_000)
        XCTAssertGreaterThanOrEqual(snapshot.peakMemory, snapshot.activeMemory)
        _ = model.vocabularySize
    }

    func testKVOptionsReachTheCache() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        let bytes = try await kvCacheBytes(model, GenerateParameters(maxTokens: 40))
        let quantized = try await kvCacheBytes(model, GenerateParameters(maxTokens: 40, kvBits: 4))
        let bounded = try await kvCacheBytes(model, GenerateParameters(maxTokens: 40, maxKVSize: 16))
        XCTAssertLessThan(quantized, bytes / 2)
        XCTAssertLessThan(bounded, bytes)
    }

    func testKVOptionsOutOfRangeAreRefusedByName() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        for (parameters, name) in [
            (GenerateParameters(kvBits: 5), "kv_bits"), (GenerateParameters(kvBits: 0), "kv_bits"),
            (GenerateParameters(kvBits: -4), "kv_bits"), (GenerateParameters(maxKVSize: 0), "max_kv_size"),
            (GenerateParameters(kvBits: 4, kvGroupSize: 5), "kv_group_size"),
            (GenerateParameters(monitorInterval: 0), "monitor_interval"),
        ] {
            let error = await failure { try await info(of: model.generate(prompt: "a", parameters: parameters)) }
            XCTAssertEqual(error?.code, .invalidParameter, name)
            XCTAssertTrue(error?.message.contains(name) ?? false, "\(String(describing: error))")
        }
    }

    private func kvCacheBytes(_ model: ModelContainer, _ parameters: GenerateParameters) async throws -> UInt64 {
        try await info(of: model.generate(prompt: "Once upon a time", parameters: parameters)).kvCacheBytes
    }
}
