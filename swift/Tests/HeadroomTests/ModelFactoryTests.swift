import XCTest

@testable import Headroom
@testable import HeadroomBridge

final class ModelFactoryTests: XCTestCase {
    private var cache = URL(fileURLWithPath: NSTemporaryDirectory())
        .appendingPathComponent("headroom-tests-\(UUID().uuidString)")

    override func setUpWithError() throws {
        try FileManager.default.createDirectory(at: cache, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws {
        try FileManager.default.removeItem(at: cache)
        try MemoryOptimization.setMaxMemory(nil)
    }

    private var factory: MemoryOptimizedModelFactory {
        MemoryOptimizedModelFactory(hub: HubConfiguration(cacheDirectory: cache, isOffline: true))
    }

    /// Puts the shipped model into the cache under this id, in the layout that Hugging Face's tools share.
    private func fillCache(_ id: String) throws {
        let commit = String(repeating: "a", count: 40)
        let folder = cache.appendingPathComponent("models--" + id.replacingOccurrences(of: "/", with: "--"))
        for name in ["refs", "snapshots"] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        try commit.write(to: folder.appendingPathComponent("refs/main"), atomically: true, encoding: .utf8)
        try FileManager.default.createSymbolicLink(
            at: folder.appendingPathComponent("snapshots/\(commit)"), withDestinationURL: storyteller)
    }

    func testTheRegistryListsModelsSmallestFirst() throws {
        let counts = try LLMRegistry.all.map { try XCTUnwrap($0.figures).parameterCount }
        XCTAssertGreaterThanOrEqual(counts.count, 12)
        XCTAssertEqual(counts, counts.sorted())
        XCTAssertTrue(LLMRegistry.all.allSatisfy { $0.id?.contains("/") ?? false })
    }

    func testTheBestModelThatFitsIsChosenAndExplained() throws {
        XCTAssertNil(LLMRegistry.getOptimalModel(for: 0))
        let small = try XCTUnwrap(LLMRegistry.getOptimalModel(for: 3_000_000_000)?.figures)
        let large = try XCTUnwrap(LLMRegistry.getOptimalModel(for: 64_000_000_000)?.figures)
        XCTAssertLessThan(small.parameterCount, large.parameterCount)
        XCTAssertLessThan(small.weightsBytes, 3_000_000_000)
        XCTAssertTrue(LLMRegistry.select(for: 3_000_000_000).explanation.contains("needs"))
        XCTAssertTrue(LLMRegistry.select(for: 0).explanation.contains("no model"))
    }

    func testADirectoryIsLoadedByItsConfiguration() async throws {
        let seen = Collected<Double>()
        let model = try await factory.loadContainer(configuration: ModelConfiguration(directory: storyteller)) {
            seen.append($0.fractionCompleted)
        }
        XCTAssertGreaterThan(model.vocabularySize, 255)
        XCTAssertEqual(try XCTUnwrap(seen.values.last), 1, accuracy: 1e-9)
    }

    func testAModelInTheCacheIsLoadedByItsId() async throws {
        try fillCache("someone/storyteller")
        let model = try await factory.loadContainer(configuration: ModelConfiguration(id: "someone/storyteller"))
        XCTAssertTrue(model.hasChatTemplate)
    }

    func testOfflineAModelThatIsNotInTheCacheIsOneSentence() async {
        let error = await failure {
            try await factory.loadContainer(configuration: ModelConfiguration(id: "Qwen3-0.6B"))
        }
        XCTAssertEqual(error?.code, .notCached)
        XCTAssertTrue(error?.localizedDescription.contains(cache.path) ?? false, "\(String(describing: error))")
    }

    func testANameOfNoModelIsAnsweredWithTheNearest() async {
        let error = await failure { try await factory.loadContainer(configuration: ModelConfiguration(id: "qwen9")) }
        XCTAssertEqual(error?.code, .unknownModel)
        XCTAssertTrue(error?.message.contains("Qwen3") ?? false, "\(String(describing: error))")
    }

    /// Whatever this machine has room for, the shipped model answers to its name.
    func testTheOptimizedContainerIsTheBestThatFits() async throws {
        for id in LLMRegistry.all.compactMap(\.id) { try fillCache(id) }
        let available = try XCTUnwrap(MemoryOptimization.getMemoryState().availableBytes)
        let seen = Collected<Double>()
        guard LLMRegistry.getOptimalModel(for: available) != nil else { throw XCTSkip("nothing fits here") }
        let model = try await factory.loadOptimizedContainer { progress in seen.append(progress.fractionCompleted) }
        XCTAssertGreaterThan(model.vocabularySize, 255)
        XCTAssertFalse(seen.values.isEmpty)
    }

    func testWhereNoModelFitsTheErrorSaysWhatTheSmallestNeeds() async throws {
        let used = try XCTUnwrap(MemoryOptimization.getMemoryState().usedBytes)
        try MemoryOptimization.setMaxMemory(used + 20 << 20)
        let error = await failure { try await factory.loadOptimizedContainer() }
        XCTAssertEqual(error?.code, .doesNotFit)
        XCTAssertTrue(error?.message.contains("would need") ?? false, "\(String(describing: error))")
    }

    func testAModelThatDoesNotFitIsRefusedBeforeItIsLoaded() async throws {
        let used = try XCTUnwrap(MemoryOptimization.getMemoryState().usedBytes)
        try MemoryOptimization.setMaxMemory(used + 18 << 20)
        let fit = try ModelFit.check(directory: storyteller, contextLength: 256)
        XCTAssertEqual(fit.answer, .doesNotFit(alternative: nil))
        XCTAssertGreaterThan(fit.neededBytes, try XCTUnwrap(fit.availableBytes))
        let error = await failure { try await ModelContainer.load(directory: storyteller) }
        XCTAssertEqual(error?.code, .doesNotFit)
    }

    func testAnEndlessContextFitsWithAShorterOne() async throws {
        XCTAssertEqual(try ModelFit.check(directory: storyteller, contextLength: 256).answer, .fits)
        let fit = try ModelFit.check(directory: storyteller, contextLength: .max)
        guard case .fitsIf(let contextLength, let parameters) = fit.answer else {
            return XCTFail("\(fit.answer)")
        }
        XCTAssertLessThan(contextLength, Int(UInt32.max))
        XCTAssertEqual(parameters.maxTokens, GenerateParameters().maxTokens)
        let error = await failure { try ModelFit.check(directory: cache, contextLength: 256) }
        XCTAssertNotNil(error?.code)
    }

    func testADownloadAndTheLoadingAfterItAreOneGrowingFigure() {
        var progress = LoadingProgress()
        let units = [(true, 0, 0), (true, 5, 10), (true, 10, 10), (false, 0, 8), (false, 8, 8)].map {
            progress.completedUnits(BridgedProgress(is_download: $0.0, done_bytes: $0.1, total_bytes: $0.2))
        }
        XCTAssertEqual(units, units.sorted())
        XCTAssertEqual(units.first, 0)
        XCTAssertEqual(units.last, LoadingProgress.units)
        XCTAssertEqual(units[1], LoadingProgress.units * 45 / 100)
    }
}
