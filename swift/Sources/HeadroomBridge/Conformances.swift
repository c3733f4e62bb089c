// What swift-bridge cannot say. Every handle is a value in Rust that any thread may use, and offers
// methods on `&self` only.
extension BridgedError: @unchecked Sendable, Error {}
extension BridgedLoading: @unchecked Sendable {}
extension BridgedModel: @unchecked Sendable {}
extension BridgedSession: @unchecked Sendable {}
extension BridgedGeneration: @unchecked Sendable {}
extension BridgedCache: @unchecked Sendable {}
extension BridgedCacheMonitor: @unchecked Sendable {}
