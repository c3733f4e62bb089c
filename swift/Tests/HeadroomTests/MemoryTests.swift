import XCTest

@testable import Headroom

final class MemoryTests: XCTestCase {
    func testTheStateIsThatOfThisProcess() throws {
        let state = MemoryOptimization.getMemoryState()
        let budget = try XCTUnwrap(state.budgetBytes)
        let used = try XCTUnwrap(state.usedBytes)
        XCTAssertGreaterThan(used, 1 << 20)
        XCTAssertLessThan(used, budget)
        XCTAssertEqual(try XCTUnwrap(state.memoryUsageRatio), Double(used) / Double(budget), accuracy: 0.01)
        XCTAssertNotNil(state.mlx)
    }

    func testPressureIsOrdered() {
        XCTAssertEqual(MemoryState.Pressure.allCases.sorted(), [.low, .medium, .high, .critical])
    }

    func testCleanupLeavesNothingInMLXsCache() async throws {
        try await waitUntilNothingIsActive()
        MemoryOptimization.forceMemoryCleanup()
        XCTAssertEqual(try XCTUnwrap(MemoryOptimization.getMemoryState().mlx).cacheBytes, 0)
    }
}
