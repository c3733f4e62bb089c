import CHeadroomBridge
public func bridged_memory_state() throws -> BridgedMemoryState {
    try { let val = __swift_bridge__$bridged_memory_state(); switch val.tag { case __swift_bridge__$ResultBridgedMemoryStateAndBridgedError$ResultOk: return val.payload.ok.intoSwiftRepr() case __swift_bridge__$ResultBridgedMemoryStateAndBridgedError$ResultErr: throw BridgedError(ptr: val.payload.err) default: fatalError() } }()
}
public func bridged_clear_cache() throws -> () {
    try { let val = __swift_bridge__$bridged_clear_cache(); if val != nil { throw BridgedError(ptr: val!) } else { return } }()
}
public func bridged_set_adaptive_limits(_ strategy: BridgedStrategy) throws -> BridgedLimits {
    try { let val = __swift_bridge__$bridged_set_adaptive_limits(strategy.intoFfiRepr()); switch val.tag { case __swift_bridge__$ResultBridgedLimitsAndBridgedError$ResultOk: return val.payload.ok.intoSwiftRepr() case __swift_bridge__$ResultBridgedLimitsAndBridgedError$ResultErr: throw BridgedError(ptr: val.payload.err) default: fatalError() } }()
}
public func bridged_optimal_settings(_ strategy: BridgedStrategy) throws -> BridgedSettings {
    try { let val = __swift_bridge__$bridged_optimal_settings(strategy.intoFfiRepr()); switch val.tag { case __swift_bridge__$ResultBridgedSettingsAndBridgedError$ResultOk: return val.payload.ok.intoSwiftRepr() case __swift_bridge__$ResultBridgedSettingsAndBridgedError$ResultErr: throw BridgedError(ptr: val.payload.err) default: fatalError() } }()
}
public func bridged_set_max_memory(_ bytes: Optional<UInt64>) throws -> () {
    try { let val = __swift_bridge__$bridged_set_max_memory(bytes.intoFfiRepr()); if val != nil { throw BridgedError(ptr: val!) } else { return } }()
}
public func bridged_set_memory_signal(_ level: BridgedPressure) {
    __swift_bridge__$bridged_set_memory_signal(level.intoFfiRepr())
}
public func bridged_clear_memory_signal() {
    __swift_bridge__$bridged_clear_memory_signal()
}
public func bridged_use_metal_library<GenericIntoRustString: IntoRustString>(_ path: GenericIntoRustString) throws -> () {
    try { let val = __swift_bridge__$bridged_use_metal_library({ let rustString = path.intoRustString(); rustString.isOwned = false; return rustString.ptr }()); if val != nil { throw BridgedError(ptr: val!) } else { return } }()
}
public func bridged_panic() throws -> () {
    try { let val = __swift_bridge__$bridged_panic(); if val != nil { throw BridgedError(ptr: val!) } else { return } }()
}
public func bridged_registry_count() -> UInt32 {
    __swift_bridge__$bridged_registry_count()
}
public func bridged_registry_model(_ index: UInt32) -> Optional<BridgedRegistryModel> {
    __swift_bridge__$bridged_registry_model(index).intoSwiftRepr()
}
public func bridged_select_model(_ available_bytes: UInt64, _ context_tokens: UInt32) -> BridgedSelection {
    __swift_bridge__$bridged_select_model(available_bytes, context_tokens).intoSwiftRepr()
}
public func bridged_check_fit<GenericIntoRustString: IntoRustString>(_ directory: GenericIntoRustString, _ context_tokens: UInt32, _ parameters: BridgedParameters) throws -> BridgedFit {
    try { let val = __swift_bridge__$bridged_check_fit({ let rustString = directory.intoRustString(); rustString.isOwned = false; return rustString.ptr }(), context_tokens, parameters.intoFfiRepr()); switch val.tag { case __swift_bridge__$ResultBridgedFitAndBridgedError$ResultOk: return val.payload.ok.intoSwiftRepr() case __swift_bridge__$ResultBridgedFitAndBridgedError$ResultErr: throw BridgedError(ptr: val.payload.err) default: fatalError() } }()
}
public func bridged_load<GenericIntoRustString: IntoRustString>(_ directory: GenericIntoRustString) -> BridgedLoading {
    BridgedLoading(ptr: __swift_bridge__$bridged_load({ let rustString = directory.intoRustString(); rustString.isOwned = false; return rustString.ptr }()))
}
public func bridged_load_by_name<GenericIntoRustString: IntoRustString>(_ name: GenericIntoRustString, _ hub: BridgedHub) -> BridgedLoading {
    BridgedLoading(ptr: __swift_bridge__$bridged_load_by_name({ let rustString = name.intoRustString(); rustString.isOwned = false; return rustString.ptr }(), hub.intoFfiRepr()))
}
public func bridged_cache(_ model: BridgedModelRef, _ settings: BridgedCacheSettings) throws -> BridgedCache {
    try { let val = __swift_bridge__$bridged_cache(model.ptr, settings.intoFfiRepr()); if val.is_ok { return BridgedCache(ptr: val.ok_or_err!) } else { throw BridgedError(ptr: val.ok_or_err!) } }()
}
public func bridged_optimized_cache(_ model: BridgedModelRef, _ parameters: BridgedParameters) throws -> BridgedCache {
    try { let val = __swift_bridge__$bridged_optimized_cache(model.ptr, parameters.intoFfiRepr()); if val.is_ok { return BridgedCache(ptr: val.ok_or_err!) } else { throw BridgedError(ptr: val.ok_or_err!) } }()
}
public func bridged_adaptive_cache(_ model: BridgedModelRef, _ parameters: BridgedParameters) throws -> BridgedCache {
    try { let val = __swift_bridge__$bridged_adaptive_cache(model.ptr, parameters.intoFfiRepr()); if val.is_ok { return BridgedCache(ptr: val.ok_or_err!) } else { throw BridgedError(ptr: val.ok_or_err!) } }()
}
public func bridged_load_cache<GenericIntoRustString: IntoRustString>(_ model: BridgedModelRef, _ path: GenericIntoRustString) throws -> BridgedCache {
    try { let val = __swift_bridge__$bridged_load_cache(model.ptr, { let rustString = path.intoRustString(); rustString.isOwned = false; return rustString.ptr }()); if val.is_ok { return BridgedCache(ptr: val.ok_or_err!) } else { throw BridgedError(ptr: val.ok_or_err!) } }()
}
public func bridged_set_prompt_cache_limit(_ bytes: Optional<UInt64>) throws -> () {
    try { let val = __swift_bridge__$bridged_set_prompt_cache_limit(bytes.intoFfiRepr()); if val != nil { throw BridgedError(ptr: val!) } else { return } }()
}
public func bridged_cache_monitor() -> BridgedCacheMonitor {
    BridgedCacheMonitor(ptr: __swift_bridge__$bridged_cache_monitor())
}
public func bridged_aids() -> BridgedAids {
    BridgedAids(ptr: __swift_bridge__$bridged_aids())
}
public func bridged_session<GenericIntoRustString: IntoRustString>(_ model: BridgedModelRef, _ instructions: Optional<GenericIntoRustString>, _ parameters: BridgedParameters) -> BridgedSession {
    BridgedSession(ptr: __swift_bridge__$bridged_session(model.ptr, { if let rustString = optionalStringIntoRustString(instructions) { rustString.isOwned = false; return rustString.ptr } else { return nil } }(), parameters.intoFfiRepr()))
}
public func bridged_session_with_cache<GenericIntoRustString: IntoRustString>(_ cache: BridgedCacheRef, _ instructions: Optional<GenericIntoRustString>, _ parameters: BridgedParameters) -> BridgedSession {
    BridgedSession(ptr: __swift_bridge__$bridged_session_with_cache(cache.ptr, { if let rustString = optionalStringIntoRustString(instructions) { rustString.isOwned = false; return rustString.ptr } else { return nil } }(), parameters.intoFfiRepr()))
}
public func bridged_load_session<GenericIntoRustString: IntoRustString>(_ model: BridgedModelRef, _ path: GenericIntoRustString, _ parameters: BridgedParameters) throws -> BridgedSession {
    try { let val = __swift_bridge__$bridged_load_session(model.ptr, { let rustString = path.intoRustString(); rustString.isOwned = false; return rustString.ptr }(), parameters.intoFfiRepr()); if val.is_ok { return BridgedSession(ptr: val.ok_or_err!) } else { throw BridgedError(ptr: val.ok_or_err!) } }()
}
public enum BridgedPressure {
    case Low
    case Medium
    case High
    case Critical
}
extension BridgedPressure {
    func intoFfiRepr() -> __swift_bridge__$BridgedPressure {
        switch self {
            case BridgedPressure.Low:
                return __swift_bridge__$BridgedPressure(tag: __swift_bridge__$BridgedPressure$Low)
            case BridgedPressure.Medium:
                return __swift_bridge__$BridgedPressure(tag: __swift_bridge__$BridgedPressure$Medium)
            case BridgedPressure.High:
                return __swift_bridge__$BridgedPressure(tag: __swift_bridge__$BridgedPressure$High)
            case BridgedPressure.Critical:
                return __swift_bridge__$BridgedPressure(tag: __swift_bridge__$BridgedPressure$Critical)
        }
    }
}
extension __swift_bridge__$BridgedPressure {
    func intoSwiftRepr() -> BridgedPressure {
        switch self.tag {
            case __swift_bridge__$BridgedPressure$Low:
                return BridgedPressure.Low
            case __swift_bridge__$BridgedPressure$Medium:
                return BridgedPressure.Medium
            case __swift_bridge__$BridgedPressure$High:
                return BridgedPressure.High
            case __swift_bridge__$BridgedPressure$Critical:
                return BridgedPressure.Critical
            default:
                fatalError("Unreachable")
        }
    }
}
extension __swift_bridge__$Option$BridgedPressure {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedPressure> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }
    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedPressure>) -> __swift_bridge__$Option$BridgedPressure {
        if let v = val {
            return __swift_bridge__$Option$BridgedPressure(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedPressure(is_some: false, val: __swift_bridge__$BridgedPressure())
        }
    }
}
extension BridgedPressure: Vectorizable {
    public static func vecOfSelfNew() -> UnsafeMutableRawPointer {
        __swift_bridge__$Vec_BridgedPressure$new()
    }

    public static func vecOfSelfFree(vecPtr: UnsafeMutableRawPointer) {
        __swift_bridge__$Vec_BridgedPressure$drop(vecPtr)
    }

    public static func vecOfSelfPush(vecPtr: UnsafeMutableRawPointer, value: Self) {
        __swift_bridge__$Vec_BridgedPressure$push(vecPtr, value.intoFfiRepr())
    }

    public static func vecOfSelfPop(vecPtr: UnsafeMutableRawPointer) -> Optional<Self> {
        let maybeEnum = __swift_bridge__$Vec_BridgedPressure$pop(vecPtr)
        return maybeEnum.intoSwiftRepr()
    }

    public static func vecOfSelfGet(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<Self> {
        let maybeEnum = __swift_bridge__$Vec_BridgedPressure$get(vecPtr, index)
        return maybeEnum.intoSwiftRepr()
    }

    public static func vecOfSelfGetMut(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<Self> {
        let maybeEnum = __swift_bridge__$Vec_BridgedPressure$get_mut(vecPtr, index)
        return maybeEnum.intoSwiftRepr()
    }

    public static func vecOfSelfAsPtr(vecPtr: UnsafeMutableRawPointer) -> UnsafePointer<Self> {
        UnsafePointer<Self>(OpaquePointer(__swift_bridge__$Vec_BridgedPressure$as_ptr(vecPtr)))
    }

    public static func vecOfSelfLen(vecPtr: UnsafeMutableRawPointer) -> UInt {
        __swift_bridge__$Vec_BridgedPressure$len(vecPtr)
    }
}
public struct BridgedMlxFigures {
    public var active_bytes: UInt64
    public var cache_bytes: UInt64
    public var peak_bytes: UInt64
    public var memory_limit_bytes: UInt64
    public var cache_limit_bytes: UInt64

    public init(active_bytes: UInt64,cache_bytes: UInt64,peak_bytes: UInt64,memory_limit_bytes: UInt64,cache_limit_bytes: UInt64) {
        self.active_bytes = active_bytes
        self.cache_bytes = cache_bytes
        self.peak_bytes = peak_bytes
        self.memory_limit_bytes = memory_limit_bytes
        self.cache_limit_bytes = cache_limit_bytes
    }

    @inline(__always)
    func intoFfiRepr() -> __swift_bridge__$BridgedMlxFigures {
        { let val = self; return __swift_bridge__$BridgedMlxFigures(active_bytes: val.active_bytes, cache_bytes: val.cache_bytes, peak_bytes: val.peak_bytes, memory_limit_bytes: val.memory_limit_bytes, cache_limit_bytes: val.cache_limit_bytes); }()
    }
}
extension __swift_bridge__$BridgedMlxFigures {
    @inline(__always)
    func intoSwiftRepr() -> BridgedMlxFigures {
        { let val = self; return BridgedMlxFigures(active_bytes: val.active_bytes, cache_bytes: val.cache_bytes, peak_bytes: val.peak_bytes, memory_limit_bytes: val.memory_limit_bytes, cache_limit_bytes: val.cache_limit_bytes); }()
    }
}
extension __swift_bridge__$Option$BridgedMlxFigures {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedMlxFigures> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }

    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedMlxFigures>) -> __swift_bridge__$Option$BridgedMlxFigures {
        if let v = val {
            return __swift_bridge__$Option$BridgedMlxFigures(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedMlxFigures(is_some: false, val: __swift_bridge__$BridgedMlxFigures())
        }
    }
}
public struct BridgedMemoryState {
    public var budget_bytes: Optional<UInt64>
    public var used_bytes: Optional<UInt64>
    public var available_bytes: Optional<UInt64>
    public var physical_bytes: Optional<UInt64>
    public var pressure: BridgedPressure
    public var memory_usage_ratio: Optional<Double>
    public var mlx: Optional<BridgedMlxFigures>

    public init(budget_bytes: Optional<UInt64>,used_bytes: Optional<UInt64>,available_bytes: Optional<UInt64>,physical_bytes: Optional<UInt64>,pressure: BridgedPressure,memory_usage_ratio: Optional<Double>,mlx: Optional<BridgedMlxFigures>) {
        self.budget_bytes = budget_bytes
        self.used_bytes = used_bytes
        self.available_bytes = available_bytes
        self.physical_bytes = physical_bytes
        self.pressure = pressure
        self.memory_usage_ratio = memory_usage_ratio
        self.mlx = mlx
    }

    @inline(__always)
    func intoFfiRepr() -> __swift_bridge__$BridgedMemoryState {
        { let val = self; return __swift_bridge__$BridgedMemoryState(budget_bytes: val.budget_bytes.intoFfiRepr(), used_bytes: val.used_bytes.intoFfiRepr(), available_bytes: val.available_bytes.intoFfiRepr(), physical_bytes: val.physical_bytes.intoFfiRepr(), pressure: val.pressure.intoFfiRepr(), memory_usage_ratio: val.memory_usage_ratio.intoFfiRepr(), mlx: __swift_bridge__$Option$BridgedMlxFigures.fromSwiftRepr(val.mlx)); }()
    }
}
extension __swift_bridge__$BridgedMemoryState {
    @inline(__always)
    func intoSwiftRepr() -> BridgedMemoryState {
        { let val = self; return BridgedMemoryState(budget_bytes: val.budget_bytes.intoSwiftRepr(), used_bytes: val.used_bytes.intoSwiftRepr(), available_bytes: val.available_bytes.intoSwiftRepr(), physical_bytes: val.physical_bytes.intoSwiftRepr(), pressure: val.pressure.intoSwiftRepr(), memory_usage_ratio: val.memory_usage_ratio.intoSwiftRepr(), mlx: val.mlx.intoSwiftRepr()); }()
    }
}
extension __swift_bridge__$Option$BridgedMemoryState {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedMemoryState> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }

    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedMemoryState>) -> __swift_bridge__$Option$BridgedMemoryState {
        if let v = val {
            return __swift_bridge__$Option$BridgedMemoryState(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedMemoryState(is_some: false, val: __swift_bridge__$BridgedMemoryState())
        }
    }
}
public enum BridgedStrategy {
    case Conservative
    case Balanced
    case Aggressive
}
extension BridgedStrategy {
    func intoFfiRepr() -> __swift_bridge__$BridgedStrategy {
        switch self {
            case BridgedStrategy.Conservative:
                return __swift_bridge__$BridgedStrategy(tag: __swift_bridge__$BridgedStrategy$Conservative)
            case BridgedStrategy.Balanced:
                return __swift_bridge__$BridgedStrategy(tag: __swift_bridge__$BridgedStrategy$Balanced)
            case BridgedStrategy.Aggressive:
                return __swift_bridge__$BridgedStrategy(tag: __swift_bridge__$BridgedStrategy$Aggressive)
        }
    }
}
extension __swift_bridge__$BridgedStrategy {
    func intoSwiftRepr() -> BridgedStrategy {
        switch self.tag {
            case __swift_bridge__$BridgedStrategy$Conservative:
                return BridgedStrategy.Conservative
            case __swift_bridge__$BridgedStrategy$Balanced:
                return BridgedStrategy.Balanced
            case __swift_bridge__$BridgedStrategy$Aggressive:
                return BridgedStrategy.Aggressive
            default:
                fatalError("Unreachable")
        }
    }
}
extension __swift_bridge__$Option$BridgedStrategy {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedStrategy> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }
    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedStrategy>) -> __swift_bridge__$Option$BridgedStrategy {
        if let v = val {
            return __swift_bridge__$Option$BridgedStrategy(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedStrategy(is_some: false, val: __swift_bridge__$BridgedStrategy())
        }
    }
}
extension BridgedStrategy: Vectorizable {
    public static func vecOfSelfNew() -> UnsafeMutableRawPointer {
        __swift_bridge__$Vec_BridgedStrategy$new()
    }

    public static func vecOfSelfFree(vecPtr: UnsafeMutableRawPointer) {
        __swift_bridge__$Vec_BridgedStrategy$drop(vecPtr)
    }

    public static func vecOfSelfPush(vecPtr: UnsafeMutableRawPointer, value: Self) {
        __swift_bridge__$Vec_BridgedStrategy$push(vecPtr, value.intoFfiRepr())
    }

    public static func vecOfSelfPop(vecPtr: UnsafeMutableRawPointer) -> Optional<Self> {
        let maybeEnum = __swift_bridge__$Vec_BridgedStrategy$pop(vecPtr)
        return maybeEnum.intoSwiftRepr()
    }

    public static func vecOfSelfGet(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<Self> {
        let maybeEnum = __swift_bridge__$Vec_BridgedStrategy$get(vecPtr, index)
        return maybeEnum.intoSwiftRepr()
    }

    public static func vecOfSelfGetMut(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<Self> {
        let maybeEnum = __swift_bridge__$Vec_BridgedStrategy$get_mut(vecPtr, index)
        return maybeEnum.intoSwiftRepr()
    }

    public static func vecOfSelfAsPtr(vecPtr: UnsafeMutableRawPointer) -> UnsafePointer<Self> {
        UnsafePointer<Self>(OpaquePointer(__swift_bridge__$Vec_BridgedStrategy$as_ptr(vecPtr)))
    }

    public static func vecOfSelfLen(vecPtr: UnsafeMutableRawPointer) -> UInt {
        __swift_bridge__$Vec_BridgedStrategy$len(vecPtr)
    }
}
public struct BridgedLimits {
    public var memory_bytes: UInt64
    public var cache_bytes: UInt64
    public var wired_bytes: Optional<UInt64>

    public init(memory_bytes: UInt64,cache_bytes: UInt64,wired_bytes: Optional<UInt64>) {
        self.memory_bytes = memory_bytes
        self.cache_bytes = cache_bytes
        self.wired_bytes = wired_bytes
    }

    @inline(__always)
    func intoFfiRepr() -> __swift_bridge__$BridgedLimits {
        { let val = self; return __swift_bridge__$BridgedLimits(memory_bytes: val.memory_bytes, cache_bytes: val.cache_bytes, wired_bytes: val.wired_bytes.intoFfiRepr()); }()
    }
}
extension __swift_bridge__$BridgedLimits {
    @inline(__always)
    func intoSwiftRepr() -> BridgedLimits {
        { let val = self; return BridgedLimits(memory_bytes: val.memory_bytes, cache_bytes: val.cache_bytes, wired_bytes: val.wired_bytes.intoSwiftRepr()); }()
    }
}
extension __swift_bridge__$Option$BridgedLimits {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedLimits> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }

    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedLimits>) -> __swift_bridge__$Option$BridgedLimits {
        if let v = val {
            return __swift_bridge__$Option$BridgedLimits(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedLimits(is_some: false, val: __swift_bridge__$BridgedLimits())
        }
    }
}
public struct BridgedSettings {
    public var prefill_step: UInt32
    public var max_kv_size: UInt32
    public var kv_bits: UInt32
    public var kv_group_size: UInt32
    public var quantized_kv_start: UInt32

    public init(prefill_step: UInt32,max_kv_size: UInt32,kv_bits: UInt32,kv_group_size: UInt32,quantized_kv_start: UInt32) {
        self.prefill_step = prefill_step
        self.max_kv_size = max_kv_size
        self.kv_bits = kv_bits
        self.kv_group_size = kv_group_size
        self.quantized_kv_start = quantized_kv_start
    }

    @inline(__always)
    func intoFfiRepr() -> __swift_bridge__$BridgedSettings {
        { let val = self; return __swift_bridge__$BridgedSettings(prefill_step: val.prefill_step, max_kv_size: val.max_kv_size, kv_bits: val.kv_bits, kv_group_size: val.kv_group_size, quantized_kv_start: val.quantized_kv_start); }()
    }
}
extension __swift_bridge__$BridgedSettings {
    @inline(__always)
    func intoSwiftRepr() -> BridgedSettings {
        { let val = self; return BridgedSettings(prefill_step: val.prefill_step, max_kv_size: val.max_kv_size, kv_bits: val.kv_bits, kv_group_size: val.kv_group_size, quantized_kv_start: val.quantized_kv_start); }()
    }
}
extension __swift_bridge__$Option$BridgedSettings {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedSettings> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }

    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedSettings>) -> __swift_bridge__$Option$BridgedSettings {
        if let v = val {
            return __swift_bridge__$Option$BridgedSettings(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedSettings(is_some: false, val: __swift_bridge__$BridgedSettings())
        }
    }
}
public struct BridgedRegistryModel {
    public var id: RustString
    public var name: RustString
    public var family: RustString
    public var parameters: UInt64
    public var weights_bytes: UInt64
    public var kv_bytes_per_token: UInt64
    public var context_length: Optional<UInt32>

    public init(id: RustString,name: RustString,family: RustString,parameters: UInt64,weights_bytes: UInt64,kv_bytes_per_token: UInt64,context_length: Optional<UInt32>) {
        self.id = id
        self.name = name
        self.family = family
        self.parameters = parameters
        self.weights_bytes = weights_bytes
        self.kv_bytes_per_token = kv_bytes_per_token
        self.context_length = context_length
    }

    @inline(__always)
    func intoFfiRepr() -> __swift_bridge__$BridgedRegistryModel {
        { let val = self; return __swift_bridge__$BridgedRegistryModel(id: { let rustString = val.id.intoRustString(); rustString.isOwned = false; return rustString.ptr }(), name: { let rustString = val.name.intoRustString(); rustString.isOwned = false; return rustString.ptr }(), family: { let rustString = val.family.intoRustString(); rustString.isOwned = false; return rustString.ptr }(), parameters: val.parameters, weights_bytes: val.weights_bytes, kv_bytes_per_token: val.kv_bytes_per_token, context_length: val.context_length.intoFfiRepr()); }()
    }
}
extension __swift_bridge__$BridgedRegistryModel {
    @inline(__always)
    func intoSwiftRepr() -> BridgedRegistryModel {
        { let val = self; return BridgedRegistryModel(id: RustString(ptr: val.id), name: RustString(ptr: val.name), family: RustString(ptr: val.family), parameters: val.parameters, weights_bytes: val.weights_bytes, kv_bytes_per_token: val.kv_bytes_per_token, context_length: val.context_length.intoSwiftRepr()); }()
    }
}
extension __swift_bridge__$Option$BridgedRegistryModel {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedRegistryModel> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }

    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedRegistryModel>) -> __swift_bridge__$Option$BridgedRegistryModel {
        if let v = val {
            return __swift_bridge__$Option$BridgedRegistryModel(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedRegistryModel(is_some: false, val: __swift_bridge__$BridgedRegistryModel())
        }
    }
}
public struct BridgedSelection {
    public var index: Optional<UInt32>
    public var explanation: RustString

    public init(index: Optional<UInt32>,explanation: RustString) {
        self.index = index
        self.explanation = explanation
    }

    @inline(__always)
    func intoFfiRepr() -> __swift_bridge__$BridgedSelection {
        { let val = self; return __swift_bridge__$BridgedSelection(index: val.index.intoFfiRepr(), explanation: { let rustString = val.explanation.intoRustString(); rustString.isOwned = false; return rustString.ptr }()); }()
    }
}
extension __swift_bridge__$BridgedSelection {
    @inline(__always)
    func intoSwiftRepr() -> BridgedSelection {
        { let val = self; return BridgedSelection(index: val.index.intoSwiftRepr(), explanation: RustString(ptr: val.explanation)); }()
    }
}
extension __swift_bridge__$Option$BridgedSelection {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedSelection> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }

    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedSelection>) -> __swift_bridge__$Option$BridgedSelection {
        if let v = val {
            return __swift_bridge__$Option$BridgedSelection(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedSelection(is_some: false, val: __swift_bridge__$BridgedSelection())
        }
    }
}
public enum BridgedFitAnswer {
    case Fits
    case FitsIf
    case DoesNotFit
}
extension BridgedFitAnswer {
    func intoFfiRepr() -> __swift_bridge__$BridgedFitAnswer {
        switch self {
            case BridgedFitAnswer.Fits:
                return __swift_bridge__$BridgedFitAnswer(tag: __swift_bridge__$BridgedFitAnswer$Fits)
            case BridgedFitAnswer.FitsIf:
                return __swift_bridge__$BridgedFitAnswer(tag: __swift_bridge__$BridgedFitAnswer$FitsIf)
            case BridgedFitAnswer.DoesNotFit:
                return __swift_bridge__$BridgedFitAnswer(tag: __swift_bridge__$BridgedFitAnswer$DoesNotFit)
        }
    }
}
extension __swift_bridge__$BridgedFitAnswer {
    func intoSwiftRepr() -> BridgedFitAnswer {
        switch self.tag {
            case __swift_bridge__$BridgedFitAnswer$Fits:
                return BridgedFitAnswer.Fits
            case __swift_bridge__$BridgedFitAnswer$FitsIf:
                return BridgedFitAnswer.FitsIf
            case __swift_bridge__$BridgedFitAnswer$DoesNotFit:
                return BridgedFitAnswer.DoesNotFit
            default:
                fatalError("Unreachable")
        }
    }
}
extension __swift_bridge__$Option$BridgedFitAnswer {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedFitAnswer> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }
    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedFitAnswer>) -> __swift_bridge__$Option$BridgedFitAnswer {
        if let v = val {
            return __swift_bridge__$Option$BridgedFitAnswer(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedFitAnswer(is_some: false, val: __swift_bridge__$BridgedFitAnswer())
        }
    }
}
extension BridgedFitAnswer: Vectorizable {
    public static func vecOfSelfNew() -> UnsafeMutableRawPointer {
        __swift_bridge__$Vec_BridgedFitAnswer$new()
    }

    public static func vecOfSelfFree(vecPtr: UnsafeMutableRawPointer) {
        __swift_bridge__$Vec_BridgedFitAnswer$drop(vecPtr)
    }

    public static func vecOfSelfPush(vecPtr: UnsafeMutableRawPointer, value: Self) {
        __swift_bridge__$Vec_BridgedFitAnswer$push(vecPtr, value.intoFfiRepr())
    }

    public static func vecOfSelfPop(vecPtr: UnsafeMutableRawPointer) -> Optional<Self> {
        let maybeEnum = __swift_bridge__$Vec_BridgedFitAnswer$pop(vecPtr)
        return maybeEnum.intoSwiftRepr()
    }

    public static func vecOfSelfGet(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<Self> {
        let maybeEnum = __swift_bridge__$Vec_BridgedFitAnswer$get(vecPtr, index)
        return maybeEnum.intoSwiftRepr()
    }

    public static func vecOfSelfGetMut(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<Self> {
        let maybeEnum = __swift_bridge__$Vec_BridgedFitAnswer$get_mut(vecPtr, index)
        return maybeEnum.intoSwiftRepr()
    }

    public static func vecOfSelfAsPtr(vecPtr: UnsafeMutableRawPointer) -> UnsafePointer<Self> {
        UnsafePointer<Self>(OpaquePointer(__swift_bridge__$Vec_BridgedFitAnswer$as_ptr(vecPtr)))
    }

    public static func vecOfSelfLen(vecPtr: UnsafeMutableRawPointer) -> UInt {
        __swift_bridge__$Vec_BridgedFitAnswer$len(vecPtr)
    }
}
public struct BridgedFit {
    public var answer: BridgedFitAnswer
    public var needed_bytes: UInt64
    public var available_bytes: Optional<UInt64>
    public var context_tokens: UInt32
    public var settings: BridgedSettings
    public var alternative: RustString

    public init(answer: BridgedFitAnswer,needed_bytes: UInt64,available_bytes: Optional<UInt64>,context_tokens: UInt32,settings: BridgedSettings,alternative: RustString) {
        self.answer = answer
        self.needed_bytes = needed_bytes
        self.available_bytes = available_bytes
        self.context_tokens = context_tokens
        self.settings = settings
        self.alternative = alternative
    }

    @inline(__always)
    func intoFfiRepr() -> __swift_bridge__$BridgedFit {
        { let val = self; return __swift_bridge__$BridgedFit(answer: val.answer.intoFfiRepr(), needed_bytes: val.needed_bytes, available_bytes: val.available_bytes.intoFfiRepr(), context_tokens: val.context_tokens, settings: val.settings.intoFfiRepr(), alternative: { let rustString = val.alternative.intoRustString(); rustString.isOwned = false; return rustString.ptr }()); }()
    }
}
extension __swift_bridge__$BridgedFit {
    @inline(__always)
    func intoSwiftRepr() -> BridgedFit {
        { let val = self; return BridgedFit(answer: val.answer.intoSwiftRepr(), needed_bytes: val.needed_bytes, available_bytes: val.available_bytes.intoSwiftRepr(), context_tokens: val.context_tokens, settings: val.settings.intoSwiftRepr(), alternative: RustString(ptr: val.alternative)); }()
    }
}
extension __swift_bridge__$Option$BridgedFit {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedFit> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }

    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedFit>) -> __swift_bridge__$Option$BridgedFit {
        if let v = val {
            return __swift_bridge__$Option$BridgedFit(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedFit(is_some: false, val: __swift_bridge__$BridgedFit())
        }
    }
}
public struct BridgedHub {
    public var cache_directory: RustString
    public var token: RustString
    public var is_offline: Bool

    public init(cache_directory: RustString,token: RustString,is_offline: Bool) {
        self.cache_directory = cache_directory
        self.token = token
        self.is_offline = is_offline
    }

    @inline(__always)
    func intoFfiRepr() -> __swift_bridge__$BridgedHub {
        { let val = self; return __swift_bridge__$BridgedHub(cache_directory: { let rustString = val.cache_directory.intoRustString(); rustString.isOwned = false; return rustString.ptr }(), token: { let rustString = val.token.intoRustString(); rustString.isOwned = false; return rustString.ptr }(), is_offline: val.is_offline); }()
    }
}
extension __swift_bridge__$BridgedHub {
    @inline(__always)
    func intoSwiftRepr() -> BridgedHub {
        { let val = self; return BridgedHub(cache_directory: RustString(ptr: val.cache_directory), token: RustString(ptr: val.token), is_offline: val.is_offline); }()
    }
}
extension __swift_bridge__$Option$BridgedHub {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedHub> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }

    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedHub>) -> __swift_bridge__$Option$BridgedHub {
        if let v = val {
            return __swift_bridge__$Option$BridgedHub(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedHub(is_some: false, val: __swift_bridge__$BridgedHub())
        }
    }
}
public struct BridgedParameters {
    public var max_tokens: UInt32
    public var temperature: Float
    public var top_p: Float
    public var top_k: UInt32
    public var min_p: Float
    public var repetition_penalty: Float
    public var repetition_context: UInt32
    public var presence_penalty: Float
    public var presence_context: UInt32
    public var frequency_penalty: Float
    public var frequency_context: UInt32
    public var bias_tokens: RustVec<UInt32>
    public var biases: RustVec<Float>
    public var top_logprobs: Optional<UInt32>
    public var min_tokens: UInt32
    public var constraint_kind: UInt32
    public var constraint: RustString
    public var seed: Optional<UInt64>
    public var stop: RustVec<RustString>
    public var prefill_step: UInt32
    public var max_kv_size: UInt32
    public var kv_bits: UInt32
    public var kv_group_size: UInt32
    public var quantized_kv_start: UInt32
    public var monitor_interval: Optional<UInt32>
    public var is_governed: Bool

    public init(max_tokens: UInt32,temperature: Float,top_p: Float,top_k: UInt32,min_p: Float,repetition_penalty: Float,repetition_context: UInt32,presence_penalty: Float,presence_context: UInt32,frequency_penalty: Float,frequency_context: UInt32,bias_tokens: RustVec<UInt32>,biases: RustVec<Float>,top_logprobs: Optional<UInt32>,min_tokens: UInt32,constraint_kind: UInt32,constraint: RustString,seed: Optional<UInt64>,stop: RustVec<RustString>,prefill_step: UInt32,max_kv_size: UInt32,kv_bits: UInt32,kv_group_size: UInt32,quantized_kv_start: UInt32,monitor_interval: Optional<UInt32>,is_governed: Bool) {
        self.max_tokens = max_tokens
        self.temperature = temperature
        self.top_p = top_p
        self.top_k = top_k
        self.min_p = min_p
        self.repetition_penalty = repetition_penalty
        self.repetition_context = repetition_context
        self.presence_penalty = presence_penalty
        self.presence_context = presence_context
        self.frequency_penalty = frequency_penalty
        self.frequency_context = frequency_context
        self.bias_tokens = bias_tokens
        self.biases = biases
        self.top_logprobs = top_logprobs
        self.min_tokens = min_tokens
        self.constraint_kind = constraint_kind
        self.constraint = constraint
        self.seed = seed
        self.stop = stop
        self.prefill_step = prefill_step
        self.max_kv_size = max_kv_size
        self.kv_bits = kv_bits
        self.kv_group_size = kv_group_size
        self.quantized_kv_start = quantized_kv_start
        self.monitor_interval = monitor_interval
        self.is_governed = is_governed
    }

    @inline(__always)
    func intoFfiRepr() -> __swift_bridge__$BridgedParameters {
        { let val = self; return __swift_bridge__$BridgedParameters(max_tokens: val.max_tokens, temperature: val.temperature, top_p: val.top_p, top_k: val.top_k, min_p: val.min_p, repetition_penalty: val.repetition_penalty, repetition_context: val.repetition_context, presence_penalty: val.presence_penalty, presence_context: val.presence_context, frequency_penalty: val.frequency_penalty, frequency_context: val.frequency_context, bias_tokens: { let val = val.bias_tokens; val.isOwned = false; return val.ptr }(), biases: { let val = val.biases; val.isOwned = false; return val.ptr }(), top_logprobs: val.top_logprobs.intoFfiRepr(), min_tokens: val.min_tokens, constraint_kind: val.constraint_kind, constraint: { let rustString = val.constraint.intoRustString(); rustString.isOwned = false; return rustString.ptr }(), seed: val.seed.intoFfiRepr(), stop: { let val = val.stop; val.isOwned = false; return val.ptr }(), prefill_step: val.prefill_step, max_kv_size: val.max_kv_size, kv_bits: val.kv_bits, kv_group_size: val.kv_group_size, quantized_kv_start: val.quantized_kv_start, monitor_interval: val.monitor_interval.intoFfiRepr(), is_governed: val.is_governed); }()
    }
}
extension __swift_bridge__$BridgedParameters {
    @inline(__always)
    func intoSwiftRepr() -> BridgedParameters {
        { let val = self; return BridgedParameters(max_tokens: val.max_tokens, temperature: val.temperature, top_p: val.top_p, top_k: val.top_k, min_p: val.min_p, repetition_penalty: val.repetition_penalty, repetition_context: val.repetition_context, presence_penalty: val.presence_penalty, presence_context: val.presence_context, frequency_penalty: val.frequency_penalty, frequency_context: val.frequency_context, bias_tokens: RustVec(ptr: val.bias_tokens), biases: RustVec(ptr: val.biases), top_logprobs: val.top_logprobs.intoSwiftRepr(), min_tokens: val.min_tokens, constraint_kind: val.constraint_kind, constraint: RustString(ptr: val.constraint), seed: val.seed.intoSwiftRepr(), stop: RustVec(ptr: val.stop), prefill_step: val.prefill_step, max_kv_size: val.max_kv_size, kv_bits: val.kv_bits, kv_group_size: val.kv_group_size, quantized_kv_start: val.quantized_kv_start, monitor_interval: val.monitor_interval.intoSwiftRepr(), is_governed: val.is_governed); }()
    }
}
extension __swift_bridge__$Option$BridgedParameters {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedParameters> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }

    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedParameters>) -> __swift_bridge__$Option$BridgedParameters {
        if let v = val {
            return __swift_bridge__$Option$BridgedParameters(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedParameters(is_some: false, val: __swift_bridge__$BridgedParameters())
        }
    }
}
public struct BridgedCacheSettings {
    public var kind: Int32
    public var tokens_kept: UInt32
    public var kv_bits: UInt32
    public var kv_group_size: UInt32
    public var quantized_start: UInt32

    public init(kind: Int32,tokens_kept: UInt32,kv_bits: UInt32,kv_group_size: UInt32,quantized_start: UInt32) {
        self.kind = kind
        self.tokens_kept = tokens_kept
        self.kv_bits = kv_bits
        self.kv_group_size = kv_group_size
        self.quantized_start = quantized_start
    }

    @inline(__always)
    func intoFfiRepr() -> __swift_bridge__$BridgedCacheSettings {
        { let val = self; return __swift_bridge__$BridgedCacheSettings(kind: val.kind, tokens_kept: val.tokens_kept, kv_bits: val.kv_bits, kv_group_size: val.kv_group_size, quantized_start: val.quantized_start); }()
    }
}
extension __swift_bridge__$BridgedCacheSettings {
    @inline(__always)
    func intoSwiftRepr() -> BridgedCacheSettings {
        { let val = self; return BridgedCacheSettings(kind: val.kind, tokens_kept: val.tokens_kept, kv_bits: val.kv_bits, kv_group_size: val.kv_group_size, quantized_start: val.quantized_start); }()
    }
}
extension __swift_bridge__$Option$BridgedCacheSettings {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedCacheSettings> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }

    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedCacheSettings>) -> __swift_bridge__$Option$BridgedCacheSettings {
        if let v = val {
            return __swift_bridge__$Option$BridgedCacheSettings(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedCacheSettings(is_some: false, val: __swift_bridge__$BridgedCacheSettings())
        }
    }
}
public struct BridgedCacheState {
    public var tokens: UInt32
    public var bytes: UInt64
    public var kind: Int32
    public var tokens_kept: UInt32
    public var kv_bits: UInt32
    public var kv_group_size: UInt32

    public init(tokens: UInt32,bytes: UInt64,kind: Int32,tokens_kept: UInt32,kv_bits: UInt32,kv_group_size: UInt32) {
        self.tokens = tokens
        self.bytes = bytes
        self.kind = kind
        self.tokens_kept = tokens_kept
        self.kv_bits = kv_bits
        self.kv_group_size = kv_group_size
    }

    @inline(__always)
    func intoFfiRepr() -> __swift_bridge__$BridgedCacheState {
        { let val = self; return __swift_bridge__$BridgedCacheState(tokens: val.tokens, bytes: val.bytes, kind: val.kind, tokens_kept: val.tokens_kept, kv_bits: val.kv_bits, kv_group_size: val.kv_group_size); }()
    }
}
extension __swift_bridge__$BridgedCacheState {
    @inline(__always)
    func intoSwiftRepr() -> BridgedCacheState {
        { let val = self; return BridgedCacheState(tokens: val.tokens, bytes: val.bytes, kind: val.kind, tokens_kept: val.tokens_kept, kv_bits: val.kv_bits, kv_group_size: val.kv_group_size); }()
    }
}
extension __swift_bridge__$Option$BridgedCacheState {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedCacheState> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }

    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedCacheState>) -> __swift_bridge__$Option$BridgedCacheState {
        if let v = val {
            return __swift_bridge__$Option$BridgedCacheState(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedCacheState(is_some: false, val: __swift_bridge__$BridgedCacheState())
        }
    }
}
public struct BridgedCacheReport {
    public var pressure: BridgedPressure
    public var before: BridgedCacheState
    public var after: BridgedCacheState
    public var actions: UInt32

    public init(pressure: BridgedPressure,before: BridgedCacheState,after: BridgedCacheState,actions: UInt32) {
        self.pressure = pressure
        self.before = before
        self.after = after
        self.actions = actions
    }

    @inline(__always)
    func intoFfiRepr() -> __swift_bridge__$BridgedCacheReport {
        { let val = self; return __swift_bridge__$BridgedCacheReport(pressure: val.pressure.intoFfiRepr(), before: val.before.intoFfiRepr(), after: val.after.intoFfiRepr(), actions: val.actions); }()
    }
}
extension __swift_bridge__$BridgedCacheReport {
    @inline(__always)
    func intoSwiftRepr() -> BridgedCacheReport {
        { let val = self; return BridgedCacheReport(pressure: val.pressure.intoSwiftRepr(), before: val.before.intoSwiftRepr(), after: val.after.intoSwiftRepr(), actions: val.actions); }()
    }
}
extension __swift_bridge__$Option$BridgedCacheReport {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedCacheReport> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }

    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedCacheReport>) -> __swift_bridge__$Option$BridgedCacheReport {
        if let v = val {
            return __swift_bridge__$Option$BridgedCacheReport(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedCacheReport(is_some: false, val: __swift_bridge__$BridgedCacheReport())
        }
    }
}
public enum BridgedStopReason {
    case Stop
    case Length
    case Cancelled
    case Memory
}
extension BridgedStopReason {
    func intoFfiRepr() -> __swift_bridge__$BridgedStopReason {
        switch self {
            case BridgedStopReason.Stop:
                return __swift_bridge__$BridgedStopReason(tag: __swift_bridge__$BridgedStopReason$Stop)
            case BridgedStopReason.Length:
                return __swift_bridge__$BridgedStopReason(tag: __swift_bridge__$BridgedStopReason$Length)
            case BridgedStopReason.Cancelled:
                return __swift_bridge__$BridgedStopReason(tag: __swift_bridge__$BridgedStopReason$Cancelled)
            case BridgedStopReason.Memory:
                return __swift_bridge__$BridgedStopReason(tag: __swift_bridge__$BridgedStopReason$Memory)
        }
    }
}
extension __swift_bridge__$BridgedStopReason {
    func intoSwiftRepr() -> BridgedStopReason {
        switch self.tag {
            case __swift_bridge__$BridgedStopReason$Stop:
                return BridgedStopReason.Stop
            case __swift_bridge__$BridgedStopReason$Length:
                return BridgedStopReason.Length
            case __swift_bridge__$BridgedStopReason$Cancelled:
                return BridgedStopReason.Cancelled
            case __swift_bridge__$BridgedStopReason$Memory:
                return BridgedStopReason.Memory
            default:
                fatalError("Unreachable")
        }
    }
}
extension __swift_bridge__$Option$BridgedStopReason {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedStopReason> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }
    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedStopReason>) -> __swift_bridge__$Option$BridgedStopReason {
        if let v = val {
            return __swift_bridge__$Option$BridgedStopReason(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedStopReason(is_some: false, val: __swift_bridge__$BridgedStopReason())
        }
    }
}
extension BridgedStopReason: Vectorizable {
    public static func vecOfSelfNew() -> UnsafeMutableRawPointer {
        __swift_bridge__$Vec_BridgedStopReason$new()
    }

    public static func vecOfSelfFree(vecPtr: UnsafeMutableRawPointer) {
        __swift_bridge__$Vec_BridgedStopReason$drop(vecPtr)
    }

    public static func vecOfSelfPush(vecPtr: UnsafeMutableRawPointer, value: Self) {
        __swift_bridge__$Vec_BridgedStopReason$push(vecPtr, value.intoFfiRepr())
    }

    public static func vecOfSelfPop(vecPtr: UnsafeMutableRawPointer) -> Optional<Self> {
        let maybeEnum = __swift_bridge__$Vec_BridgedStopReason$pop(vecPtr)
        return maybeEnum.intoSwiftRepr()
    }

    public static func vecOfSelfGet(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<Self> {
        let maybeEnum = __swift_bridge__$Vec_BridgedStopReason$get(vecPtr, index)
        return maybeEnum.intoSwiftRepr()
    }

    public static func vecOfSelfGetMut(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<Self> {
        let maybeEnum = __swift_bridge__$Vec_BridgedStopReason$get_mut(vecPtr, index)
        return maybeEnum.intoSwiftRepr()
    }

    public static func vecOfSelfAsPtr(vecPtr: UnsafeMutableRawPointer) -> UnsafePointer<Self> {
        UnsafePointer<Self>(OpaquePointer(__swift_bridge__$Vec_BridgedStopReason$as_ptr(vecPtr)))
    }

    public static func vecOfSelfLen(vecPtr: UnsafeMutableRawPointer) -> UInt {
        __swift_bridge__$Vec_BridgedStopReason$len(vecPtr)
    }
}
public struct BridgedSummary {
    public var text: RustString
    public var tokens: RustVec<UInt32>
    public var logprobs: RustVec<Float>
    public var top_tokens: RustVec<UInt32>
    public var top_logprobs: RustVec<Float>
    public var prompt_tokens: UInt64
    public var cached_prompt_tokens: UInt64
    public var stop_reason: BridgedStopReason
    public var load_seconds: Double
    public var time_to_first_token_seconds: Optional<Double>
    public var prompt_tokens_per_second: Optional<Double>
    public var generation_tokens_per_second: Optional<Double>
    public var peak_mlx_bytes: UInt64
    public var peak_footprint_bytes: Optional<UInt64>
    public var predicted_peak_mlx_bytes: UInt64
    public var kv_cache_bytes: UInt64

    public init(text: RustString,tokens: RustVec<UInt32>,logprobs: RustVec<Float>,top_tokens: RustVec<UInt32>,top_logprobs: RustVec<Float>,prompt_tokens: UInt64,cached_prompt_tokens: UInt64,stop_reason: BridgedStopReason,load_seconds: Double,time_to_first_token_seconds: Optional<Double>,prompt_tokens_per_second: Optional<Double>,generation_tokens_per_second: Optional<Double>,peak_mlx_bytes: UInt64,peak_footprint_bytes: Optional<UInt64>,predicted_peak_mlx_bytes: UInt64,kv_cache_bytes: UInt64) {
        self.text = text
        self.tokens = tokens
        self.logprobs = logprobs
        self.top_tokens = top_tokens
        self.top_logprobs = top_logprobs
        self.prompt_tokens = prompt_tokens
        self.cached_prompt_tokens = cached_prompt_tokens
        self.stop_reason = stop_reason
        self.load_seconds = load_seconds
        self.time_to_first_token_seconds = time_to_first_token_seconds
        self.prompt_tokens_per_second = prompt_tokens_per_second
        self.generation_tokens_per_second = generation_tokens_per_second
        self.peak_mlx_bytes = peak_mlx_bytes
        self.peak_footprint_bytes = peak_footprint_bytes
        self.predicted_peak_mlx_bytes = predicted_peak_mlx_bytes
        self.kv_cache_bytes = kv_cache_bytes
    }

    @inline(__always)
    func intoFfiRepr() -> __swift_bridge__$BridgedSummary {
        { let val = self; return __swift_bridge__$BridgedSummary(text: { let rustString = val.text.intoRustString(); rustString.isOwned = false; return rustString.ptr }(), tokens: { let val = val.tokens; val.isOwned = false; return val.ptr }(), logprobs: { let val = val.logprobs; val.isOwned = false; return val.ptr }(), top_tokens: { let val = val.top_tokens; val.isOwned = false; return val.ptr }(), top_logprobs: { let val = val.top_logprobs; val.isOwned = false; return val.ptr }(), prompt_tokens: val.prompt_tokens, cached_prompt_tokens: val.cached_prompt_tokens, stop_reason: val.stop_reason.intoFfiRepr(), load_seconds: val.load_seconds, time_to_first_token_seconds: val.time_to_first_token_seconds.intoFfiRepr(), prompt_tokens_per_second: val.prompt_tokens_per_second.intoFfiRepr(), generation_tokens_per_second: val.generation_tokens_per_second.intoFfiRepr(), peak_mlx_bytes: val.peak_mlx_bytes, peak_footprint_bytes: val.peak_footprint_bytes.intoFfiRepr(), predicted_peak_mlx_bytes: val.predicted_peak_mlx_bytes, kv_cache_bytes: val.kv_cache_bytes); }()
    }
}
extension __swift_bridge__$BridgedSummary {
    @inline(__always)
    func intoSwiftRepr() -> BridgedSummary {
        { let val = self; return BridgedSummary(text: RustString(ptr: val.text), tokens: RustVec(ptr: val.tokens), logprobs: RustVec(ptr: val.logprobs), top_tokens: RustVec(ptr: val.top_tokens), top_logprobs: RustVec(ptr: val.top_logprobs), prompt_tokens: val.prompt_tokens, cached_prompt_tokens: val.cached_prompt_tokens, stop_reason: val.stop_reason.intoSwiftRepr(), load_seconds: val.load_seconds, time_to_first_token_seconds: val.time_to_first_token_seconds.intoSwiftRepr(), prompt_tokens_per_second: val.prompt_tokens_per_second.intoSwiftRepr(), generation_tokens_per_second: val.generation_tokens_per_second.intoSwiftRepr(), peak_mlx_bytes: val.peak_mlx_bytes, peak_footprint_bytes: val.peak_footprint_bytes.intoSwiftRepr(), predicted_peak_mlx_bytes: val.predicted_peak_mlx_bytes, kv_cache_bytes: val.kv_cache_bytes); }()
    }
}
extension __swift_bridge__$Option$BridgedSummary {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedSummary> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }

    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedSummary>) -> __swift_bridge__$Option$BridgedSummary {
        if let v = val {
            return __swift_bridge__$Option$BridgedSummary(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedSummary(is_some: false, val: __swift_bridge__$BridgedSummary())
        }
    }
}
public struct BridgedAction {
    public var kind: UInt32
    public var value: UInt64
    public var sentence: RustString
    public var pressure: BridgedPressure
    public var freed_bytes: Optional<UInt64>

    public init(kind: UInt32,value: UInt64,sentence: RustString,pressure: BridgedPressure,freed_bytes: Optional<UInt64>) {
        self.kind = kind
        self.value = value
        self.sentence = sentence
        self.pressure = pressure
        self.freed_bytes = freed_bytes
    }

    @inline(__always)
    func intoFfiRepr() -> __swift_bridge__$BridgedAction {
        { let val = self; return __swift_bridge__$BridgedAction(kind: val.kind, value: val.value, sentence: { let rustString = val.sentence.intoRustString(); rustString.isOwned = false; return rustString.ptr }(), pressure: val.pressure.intoFfiRepr(), freed_bytes: val.freed_bytes.intoFfiRepr()); }()
    }
}
extension __swift_bridge__$BridgedAction {
    @inline(__always)
    func intoSwiftRepr() -> BridgedAction {
        { let val = self; return BridgedAction(kind: val.kind, value: val.value, sentence: RustString(ptr: val.sentence), pressure: val.pressure.intoSwiftRepr(), freed_bytes: val.freed_bytes.intoSwiftRepr()); }()
    }
}
extension __swift_bridge__$Option$BridgedAction {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedAction> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }

    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedAction>) -> __swift_bridge__$Option$BridgedAction {
        if let v = val {
            return __swift_bridge__$Option$BridgedAction(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedAction(is_some: false, val: __swift_bridge__$BridgedAction())
        }
    }
}
public enum BridgedEvent {
    case Prefill(done_tokens: UInt64, total_tokens: UInt64)
    case Text(RustString)
    case Memory(BridgedMemoryState)
    case Action(BridgedAction)
    case End(BridgedSummary)
    case Over
}
extension BridgedEvent {
    func intoFfiRepr() -> __swift_bridge__$BridgedEvent {
        switch self {
            case BridgedEvent.Prefill(let done_tokens, let total_tokens):
                return __swift_bridge__$BridgedEvent(tag: __swift_bridge__$BridgedEvent$Prefill, payload: __swift_bridge__$BridgedEventFields(Prefill: __swift_bridge__$BridgedEvent$FieldOfPrefill(done_tokens: done_tokens, total_tokens: total_tokens)))
            case BridgedEvent.Text(let _0):
                return __swift_bridge__$BridgedEvent(tag: __swift_bridge__$BridgedEvent$Text, payload: __swift_bridge__$BridgedEventFields(Text: __swift_bridge__$BridgedEvent$FieldOfText(_0: { let rustString = _0.intoRustString(); rustString.isOwned = false; return rustString.ptr }())))
            case BridgedEvent.Memory(let _0):
                return __swift_bridge__$BridgedEvent(tag: __swift_bridge__$BridgedEvent$Memory, payload: __swift_bridge__$BridgedEventFields(Memory: __swift_bridge__$BridgedEvent$FieldOfMemory(_0: _0.intoFfiRepr())))
            case BridgedEvent.Action(let _0):
                return __swift_bridge__$BridgedEvent(tag: __swift_bridge__$BridgedEvent$Action, payload: __swift_bridge__$BridgedEventFields(Action: __swift_bridge__$BridgedEvent$FieldOfAction(_0: _0.intoFfiRepr())))
            case BridgedEvent.End(let _0):
                return __swift_bridge__$BridgedEvent(tag: __swift_bridge__$BridgedEvent$End, payload: __swift_bridge__$BridgedEventFields(End: __swift_bridge__$BridgedEvent$FieldOfEnd(_0: _0.intoFfiRepr())))
            case BridgedEvent.Over:
                return {var val = __swift_bridge__$BridgedEvent(); val.tag = __swift_bridge__$BridgedEvent$Over; return val }()
        }
    }
}
extension __swift_bridge__$BridgedEvent {
    func intoSwiftRepr() -> BridgedEvent {
        switch self.tag {
            case __swift_bridge__$BridgedEvent$Prefill:
                return BridgedEvent.Prefill(done_tokens: self.payload.Prefill.done_tokens, total_tokens: self.payload.Prefill.total_tokens)
            case __swift_bridge__$BridgedEvent$Text:
                return BridgedEvent.Text(RustString(ptr: self.payload.Text._0))
            case __swift_bridge__$BridgedEvent$Memory:
                return BridgedEvent.Memory(self.payload.Memory._0.intoSwiftRepr())
            case __swift_bridge__$BridgedEvent$Action:
                return BridgedEvent.Action(self.payload.Action._0.intoSwiftRepr())
            case __swift_bridge__$BridgedEvent$End:
                return BridgedEvent.End(self.payload.End._0.intoSwiftRepr())
            case __swift_bridge__$BridgedEvent$Over:
                return BridgedEvent.Over
            default:
                fatalError("Unreachable")
        }
    }
}
extension __swift_bridge__$Option$BridgedEvent {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedEvent> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }
    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedEvent>) -> __swift_bridge__$Option$BridgedEvent {
        if let v = val {
            return __swift_bridge__$Option$BridgedEvent(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedEvent(is_some: false, val: __swift_bridge__$BridgedEvent())
        }
    }
}
public struct BridgedProgress {
    public var is_download: Bool
    public var done_bytes: UInt64
    public var total_bytes: UInt64

    public init(is_download: Bool,done_bytes: UInt64,total_bytes: UInt64) {
        self.is_download = is_download
        self.done_bytes = done_bytes
        self.total_bytes = total_bytes
    }

    @inline(__always)
    func intoFfiRepr() -> __swift_bridge__$BridgedProgress {
        { let val = self; return __swift_bridge__$BridgedProgress(is_download: val.is_download, done_bytes: val.done_bytes, total_bytes: val.total_bytes); }()
    }
}
extension __swift_bridge__$BridgedProgress {
    @inline(__always)
    func intoSwiftRepr() -> BridgedProgress {
        { let val = self; return BridgedProgress(is_download: val.is_download, done_bytes: val.done_bytes, total_bytes: val.total_bytes); }()
    }
}
extension __swift_bridge__$Option$BridgedProgress {
    @inline(__always)
    func intoSwiftRepr() -> Optional<BridgedProgress> {
        if self.is_some {
            return self.val.intoSwiftRepr()
        } else {
            return nil
        }
    }

    @inline(__always)
    static func fromSwiftRepr(_ val: Optional<BridgedProgress>) -> __swift_bridge__$Option$BridgedProgress {
        if let v = val {
            return __swift_bridge__$Option$BridgedProgress(is_some: true, val: v.intoFfiRepr())
        } else {
            return __swift_bridge__$Option$BridgedProgress(is_some: false, val: __swift_bridge__$BridgedProgress())
        }
    }
}

public class BridgedError: BridgedErrorRefMut {
    var isOwned: Bool = true

    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }

    deinit {
        if isOwned {
            __swift_bridge__$BridgedError$_free(ptr)
        }
    }
}
public class BridgedErrorRefMut: BridgedErrorRef {
    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }
}
public class BridgedErrorRef {
    var ptr: UnsafeMutableRawPointer

    public init(ptr: UnsafeMutableRawPointer) {
        self.ptr = ptr
    }
}
extension BridgedErrorRef {
    public func code() -> UInt32 {
        __swift_bridge__$BridgedError$code(ptr)
    }

    public func message() -> RustString {
        RustString(ptr: __swift_bridge__$BridgedError$message(ptr))
    }
}
extension BridgedError: Vectorizable {
    public static func vecOfSelfNew() -> UnsafeMutableRawPointer {
        __swift_bridge__$Vec_BridgedError$new()
    }

    public static func vecOfSelfFree(vecPtr: UnsafeMutableRawPointer) {
        __swift_bridge__$Vec_BridgedError$drop(vecPtr)
    }

    public static func vecOfSelfPush(vecPtr: UnsafeMutableRawPointer, value: BridgedError) {
        __swift_bridge__$Vec_BridgedError$push(vecPtr, {value.isOwned = false; return value.ptr;}())
    }

    public static func vecOfSelfPop(vecPtr: UnsafeMutableRawPointer) -> Optional<Self> {
        let pointer = __swift_bridge__$Vec_BridgedError$pop(vecPtr)
        if pointer == nil {
            return nil
        } else {
            return (BridgedError(ptr: pointer!) as! Self)
        }
    }

    public static func vecOfSelfGet(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedErrorRef> {
        let pointer = __swift_bridge__$Vec_BridgedError$get(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedErrorRef(ptr: pointer!)
        }
    }

    public static func vecOfSelfGetMut(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedErrorRefMut> {
        let pointer = __swift_bridge__$Vec_BridgedError$get_mut(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedErrorRefMut(ptr: pointer!)
        }
    }

    public static func vecOfSelfAsPtr(vecPtr: UnsafeMutableRawPointer) -> UnsafePointer<BridgedErrorRef> {
        UnsafePointer<BridgedErrorRef>(OpaquePointer(__swift_bridge__$Vec_BridgedError$as_ptr(vecPtr)))
    }

    public static func vecOfSelfLen(vecPtr: UnsafeMutableRawPointer) -> UInt {
        __swift_bridge__$Vec_BridgedError$len(vecPtr)
    }
}


public class BridgedLoading: BridgedLoadingRefMut {
    var isOwned: Bool = true

    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }

    deinit {
        if isOwned {
            __swift_bridge__$BridgedLoading$_free(ptr)
        }
    }
}
public class BridgedLoadingRefMut: BridgedLoadingRef {
    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }
}
public class BridgedLoadingRef {
    var ptr: UnsafeMutableRawPointer

    public init(ptr: UnsafeMutableRawPointer) {
        self.ptr = ptr
    }
}
extension BridgedLoadingRef {
    public func next_progress() -> Optional<BridgedProgress> {
        __swift_bridge__$BridgedLoading$next_progress(ptr).intoSwiftRepr()
    }

    public func finish() throws -> BridgedModel {
        try { let val = __swift_bridge__$BridgedLoading$finish(ptr); if val.is_ok { return BridgedModel(ptr: val.ok_or_err!) } else { throw BridgedError(ptr: val.ok_or_err!) } }()
    }

    public func cancel() {
        __swift_bridge__$BridgedLoading$cancel(ptr)
    }
}
extension BridgedLoading: Vectorizable {
    public static func vecOfSelfNew() -> UnsafeMutableRawPointer {
        __swift_bridge__$Vec_BridgedLoading$new()
    }

    public static func vecOfSelfFree(vecPtr: UnsafeMutableRawPointer) {
        __swift_bridge__$Vec_BridgedLoading$drop(vecPtr)
    }

    public static func vecOfSelfPush(vecPtr: UnsafeMutableRawPointer, value: BridgedLoading) {
        __swift_bridge__$Vec_BridgedLoading$push(vecPtr, {value.isOwned = false; return value.ptr;}())
    }

    public static func vecOfSelfPop(vecPtr: UnsafeMutableRawPointer) -> Optional<Self> {
        let pointer = __swift_bridge__$Vec_BridgedLoading$pop(vecPtr)
        if pointer == nil {
            return nil
        } else {
            return (BridgedLoading(ptr: pointer!) as! Self)
        }
    }

    public static func vecOfSelfGet(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedLoadingRef> {
        let pointer = __swift_bridge__$Vec_BridgedLoading$get(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedLoadingRef(ptr: pointer!)
        }
    }

    public static func vecOfSelfGetMut(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedLoadingRefMut> {
        let pointer = __swift_bridge__$Vec_BridgedLoading$get_mut(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedLoadingRefMut(ptr: pointer!)
        }
    }

    public static func vecOfSelfAsPtr(vecPtr: UnsafeMutableRawPointer) -> UnsafePointer<BridgedLoadingRef> {
        UnsafePointer<BridgedLoadingRef>(OpaquePointer(__swift_bridge__$Vec_BridgedLoading$as_ptr(vecPtr)))
    }

    public static func vecOfSelfLen(vecPtr: UnsafeMutableRawPointer) -> UInt {
        __swift_bridge__$Vec_BridgedLoading$len(vecPtr)
    }
}


public class BridgedModel: BridgedModelRefMut {
    var isOwned: Bool = true

    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }

    deinit {
        if isOwned {
            __swift_bridge__$BridgedModel$_free(ptr)
        }
    }
}
public class BridgedModelRefMut: BridgedModelRef {
    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }
}
public class BridgedModelRef {
    var ptr: UnsafeMutableRawPointer

    public init(ptr: UnsafeMutableRawPointer) {
        self.ptr = ptr
    }
}
extension BridgedModelRef {
    public func has_chat_template() -> Bool {
        __swift_bridge__$BridgedModel$has_chat_template(ptr)
    }

    public func vocabulary_size() -> UInt32 {
        __swift_bridge__$BridgedModel$vocabulary_size(ptr)
    }

    public func context_length() -> Optional<UInt32> {
        __swift_bridge__$BridgedModel$context_length(ptr).intoSwiftRepr()
    }

    public func generate<GenericIntoRustString: IntoRustString>(_ prompt: GenericIntoRustString, _ parameters: BridgedParameters) throws -> BridgedGeneration {
        try { let val = __swift_bridge__$BridgedModel$generate(ptr, { let rustString = prompt.intoRustString(); rustString.isOwned = false; return rustString.ptr }(), parameters.intoFfiRepr()); if val.is_ok { return BridgedGeneration(ptr: val.ok_or_err!) } else { throw BridgedError(ptr: val.ok_or_err!) } }()
    }

    public func generate_with<GenericIntoRustString: IntoRustString>(_ prompt: GenericIntoRustString, _ parameters: BridgedParameters, _ aids: BridgedAidsRef) throws -> BridgedGeneration {
        try { let val = __swift_bridge__$BridgedModel$generate_with(ptr, { let rustString = prompt.intoRustString(); rustString.isOwned = false; return rustString.ptr }(), parameters.intoFfiRepr(), aids.ptr); if val.is_ok { return BridgedGeneration(ptr: val.ok_or_err!) } else { throw BridgedError(ptr: val.ok_or_err!) } }()
    }
}
extension BridgedModel: Vectorizable {
    public static func vecOfSelfNew() -> UnsafeMutableRawPointer {
        __swift_bridge__$Vec_BridgedModel$new()
    }

    public static func vecOfSelfFree(vecPtr: UnsafeMutableRawPointer) {
        __swift_bridge__$Vec_BridgedModel$drop(vecPtr)
    }

    public static func vecOfSelfPush(vecPtr: UnsafeMutableRawPointer, value: BridgedModel) {
        __swift_bridge__$Vec_BridgedModel$push(vecPtr, {value.isOwned = false; return value.ptr;}())
    }

    public static func vecOfSelfPop(vecPtr: UnsafeMutableRawPointer) -> Optional<Self> {
        let pointer = __swift_bridge__$Vec_BridgedModel$pop(vecPtr)
        if pointer == nil {
            return nil
        } else {
            return (BridgedModel(ptr: pointer!) as! Self)
        }
    }

    public static func vecOfSelfGet(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedModelRef> {
        let pointer = __swift_bridge__$Vec_BridgedModel$get(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedModelRef(ptr: pointer!)
        }
    }

    public static func vecOfSelfGetMut(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedModelRefMut> {
        let pointer = __swift_bridge__$Vec_BridgedModel$get_mut(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedModelRefMut(ptr: pointer!)
        }
    }

    public static func vecOfSelfAsPtr(vecPtr: UnsafeMutableRawPointer) -> UnsafePointer<BridgedModelRef> {
        UnsafePointer<BridgedModelRef>(OpaquePointer(__swift_bridge__$Vec_BridgedModel$as_ptr(vecPtr)))
    }

    public static func vecOfSelfLen(vecPtr: UnsafeMutableRawPointer) -> UInt {
        __swift_bridge__$Vec_BridgedModel$len(vecPtr)
    }
}


public class BridgedCache: BridgedCacheRefMut {
    var isOwned: Bool = true

    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }

    deinit {
        if isOwned {
            __swift_bridge__$BridgedCache$_free(ptr)
        }
    }
}
public class BridgedCacheRefMut: BridgedCacheRef {
    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }
}
public class BridgedCacheRef {
    var ptr: UnsafeMutableRawPointer

    public init(ptr: UnsafeMutableRawPointer) {
        self.ptr = ptr
    }
}
extension BridgedCacheRef {
    public func state() throws -> BridgedCacheState {
        try { let val = __swift_bridge__$BridgedCache$state(ptr); switch val.tag { case __swift_bridge__$ResultBridgedCacheStateAndBridgedError$ResultOk: return val.payload.ok.intoSwiftRepr() case __swift_bridge__$ResultBridgedCacheStateAndBridgedError$ResultErr: throw BridgedError(ptr: val.payload.err) default: fatalError() } }()
    }

    public func trim(_ tokens: UInt32) throws -> BridgedCacheState {
        try { let val = __swift_bridge__$BridgedCache$trim(ptr, tokens); switch val.tag { case __swift_bridge__$ResultBridgedCacheStateAndBridgedError$ResultOk: return val.payload.ok.intoSwiftRepr() case __swift_bridge__$ResultBridgedCacheStateAndBridgedError$ResultErr: throw BridgedError(ptr: val.payload.err) default: fatalError() } }()
    }

    public func copy() throws -> BridgedCache {
        try { let val = __swift_bridge__$BridgedCache$copy(ptr); if val.is_ok { return BridgedCache(ptr: val.ok_or_err!) } else { throw BridgedError(ptr: val.ok_or_err!) } }()
    }

    public func save<GenericIntoRustString: IntoRustString>(_ path: GenericIntoRustString) throws -> () {
        try { let val = __swift_bridge__$BridgedCache$save(ptr, { let rustString = path.intoRustString(); rustString.isOwned = false; return rustString.ptr }()); if val != nil { throw BridgedError(ptr: val!) } else { return } }()
    }
}
extension BridgedCache: Vectorizable {
    public static func vecOfSelfNew() -> UnsafeMutableRawPointer {
        __swift_bridge__$Vec_BridgedCache$new()
    }

    public static func vecOfSelfFree(vecPtr: UnsafeMutableRawPointer) {
        __swift_bridge__$Vec_BridgedCache$drop(vecPtr)
    }

    public static func vecOfSelfPush(vecPtr: UnsafeMutableRawPointer, value: BridgedCache) {
        __swift_bridge__$Vec_BridgedCache$push(vecPtr, {value.isOwned = false; return value.ptr;}())
    }

    public static func vecOfSelfPop(vecPtr: UnsafeMutableRawPointer) -> Optional<Self> {
        let pointer = __swift_bridge__$Vec_BridgedCache$pop(vecPtr)
        if pointer == nil {
            return nil
        } else {
            return (BridgedCache(ptr: pointer!) as! Self)
        }
    }

    public static func vecOfSelfGet(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedCacheRef> {
        let pointer = __swift_bridge__$Vec_BridgedCache$get(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedCacheRef(ptr: pointer!)
        }
    }

    public static func vecOfSelfGetMut(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedCacheRefMut> {
        let pointer = __swift_bridge__$Vec_BridgedCache$get_mut(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedCacheRefMut(ptr: pointer!)
        }
    }

    public static func vecOfSelfAsPtr(vecPtr: UnsafeMutableRawPointer) -> UnsafePointer<BridgedCacheRef> {
        UnsafePointer<BridgedCacheRef>(OpaquePointer(__swift_bridge__$Vec_BridgedCache$as_ptr(vecPtr)))
    }

    public static func vecOfSelfLen(vecPtr: UnsafeMutableRawPointer) -> UInt {
        __swift_bridge__$Vec_BridgedCache$len(vecPtr)
    }
}


public class BridgedCacheMonitor: BridgedCacheMonitorRefMut {
    var isOwned: Bool = true

    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }

    deinit {
        if isOwned {
            __swift_bridge__$BridgedCacheMonitor$_free(ptr)
        }
    }
}
public class BridgedCacheMonitorRefMut: BridgedCacheMonitorRef {
    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }
}
public class BridgedCacheMonitorRef {
    var ptr: UnsafeMutableRawPointer

    public init(ptr: UnsafeMutableRawPointer) {
        self.ptr = ptr
    }
}
extension BridgedCacheMonitorRef {
    public func optimize(_ cache: BridgedCacheRef) throws -> BridgedCacheReport {
        try { let val = __swift_bridge__$BridgedCacheMonitor$optimize(ptr, cache.ptr); switch val.tag { case __swift_bridge__$ResultBridgedCacheReportAndBridgedError$ResultOk: return val.payload.ok.intoSwiftRepr() case __swift_bridge__$ResultBridgedCacheReportAndBridgedError$ResultErr: throw BridgedError(ptr: val.payload.err) default: fatalError() } }()
    }
}
extension BridgedCacheMonitor: Vectorizable {
    public static func vecOfSelfNew() -> UnsafeMutableRawPointer {
        __swift_bridge__$Vec_BridgedCacheMonitor$new()
    }

    public static func vecOfSelfFree(vecPtr: UnsafeMutableRawPointer) {
        __swift_bridge__$Vec_BridgedCacheMonitor$drop(vecPtr)
    }

    public static func vecOfSelfPush(vecPtr: UnsafeMutableRawPointer, value: BridgedCacheMonitor) {
        __swift_bridge__$Vec_BridgedCacheMonitor$push(vecPtr, {value.isOwned = false; return value.ptr;}())
    }

    public static func vecOfSelfPop(vecPtr: UnsafeMutableRawPointer) -> Optional<Self> {
        let pointer = __swift_bridge__$Vec_BridgedCacheMonitor$pop(vecPtr)
        if pointer == nil {
            return nil
        } else {
            return (BridgedCacheMonitor(ptr: pointer!) as! Self)
        }
    }

    public static func vecOfSelfGet(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedCacheMonitorRef> {
        let pointer = __swift_bridge__$Vec_BridgedCacheMonitor$get(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedCacheMonitorRef(ptr: pointer!)
        }
    }

    public static func vecOfSelfGetMut(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedCacheMonitorRefMut> {
        let pointer = __swift_bridge__$Vec_BridgedCacheMonitor$get_mut(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedCacheMonitorRefMut(ptr: pointer!)
        }
    }

    public static func vecOfSelfAsPtr(vecPtr: UnsafeMutableRawPointer) -> UnsafePointer<BridgedCacheMonitorRef> {
        UnsafePointer<BridgedCacheMonitorRef>(OpaquePointer(__swift_bridge__$Vec_BridgedCacheMonitor$as_ptr(vecPtr)))
    }

    public static func vecOfSelfLen(vecPtr: UnsafeMutableRawPointer) -> UInt {
        __swift_bridge__$Vec_BridgedCacheMonitor$len(vecPtr)
    }
}


public class BridgedAids: BridgedAidsRefMut {
    var isOwned: Bool = true

    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }

    deinit {
        if isOwned {
            __swift_bridge__$BridgedAids$_free(ptr)
        }
    }
}
public class BridgedAidsRefMut: BridgedAidsRef {
    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }
}
public class BridgedAidsRef {
    var ptr: UnsafeMutableRawPointer

    public init(ptr: UnsafeMutableRawPointer) {
        self.ptr = ptr
    }
}
extension BridgedAidsRef {
    public func use_cache(_ cache: BridgedCacheRef) {
        __swift_bridge__$BridgedAids$use_cache(ptr, cache.ptr)
    }

    public func use_draft(_ target: BridgedModelRef, _ draft: BridgedModelRef, _ tokens: UInt32) throws -> () {
        try { let val = __swift_bridge__$BridgedAids$use_draft(ptr, target.ptr, draft.ptr, tokens); if val != nil { throw BridgedError(ptr: val!) } else { return } }()
    }
}
extension BridgedAids: Vectorizable {
    public static func vecOfSelfNew() -> UnsafeMutableRawPointer {
        __swift_bridge__$Vec_BridgedAids$new()
    }

    public static func vecOfSelfFree(vecPtr: UnsafeMutableRawPointer) {
        __swift_bridge__$Vec_BridgedAids$drop(vecPtr)
    }

    public static func vecOfSelfPush(vecPtr: UnsafeMutableRawPointer, value: BridgedAids) {
        __swift_bridge__$Vec_BridgedAids$push(vecPtr, {value.isOwned = false; return value.ptr;}())
    }

    public static func vecOfSelfPop(vecPtr: UnsafeMutableRawPointer) -> Optional<Self> {
        let pointer = __swift_bridge__$Vec_BridgedAids$pop(vecPtr)
        if pointer == nil {
            return nil
        } else {
            return (BridgedAids(ptr: pointer!) as! Self)
        }
    }

    public static func vecOfSelfGet(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedAidsRef> {
        let pointer = __swift_bridge__$Vec_BridgedAids$get(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedAidsRef(ptr: pointer!)
        }
    }

    public static func vecOfSelfGetMut(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedAidsRefMut> {
        let pointer = __swift_bridge__$Vec_BridgedAids$get_mut(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedAidsRefMut(ptr: pointer!)
        }
    }

    public static func vecOfSelfAsPtr(vecPtr: UnsafeMutableRawPointer) -> UnsafePointer<BridgedAidsRef> {
        UnsafePointer<BridgedAidsRef>(OpaquePointer(__swift_bridge__$Vec_BridgedAids$as_ptr(vecPtr)))
    }

    public static func vecOfSelfLen(vecPtr: UnsafeMutableRawPointer) -> UInt {
        __swift_bridge__$Vec_BridgedAids$len(vecPtr)
    }
}


public class BridgedSession: BridgedSessionRefMut {
    var isOwned: Bool = true

    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }

    deinit {
        if isOwned {
            __swift_bridge__$BridgedSession$_free(ptr)
        }
    }
}
public class BridgedSessionRefMut: BridgedSessionRef {
    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }
}
public class BridgedSessionRef {
    var ptr: UnsafeMutableRawPointer

    public init(ptr: UnsafeMutableRawPointer) {
        self.ptr = ptr
    }
}
extension BridgedSessionRef {
    public func save<GenericIntoRustString: IntoRustString>(_ path: GenericIntoRustString) throws -> () {
        try { let val = __swift_bridge__$BridgedSession$save(ptr, { let rustString = path.intoRustString(); rustString.isOwned = false; return rustString.ptr }()); if val != nil { throw BridgedError(ptr: val!) } else { return } }()
    }

    public func cache() -> BridgedCache {
        BridgedCache(ptr: __swift_bridge__$BridgedSession$cache(ptr))
    }

    public func set_instructions<GenericIntoRustString: IntoRustString>(_ instructions: Optional<GenericIntoRustString>) {
        __swift_bridge__$BridgedSession$set_instructions(ptr, { if let rustString = optionalStringIntoRustString(instructions) { rustString.isOwned = false; return rustString.ptr } else { return nil } }())
    }

    public func set_draft(_ draft: BridgedModelRef, _ tokens: UInt32) throws -> () {
        try { let val = __swift_bridge__$BridgedSession$set_draft(ptr, draft.ptr, tokens); if val != nil { throw BridgedError(ptr: val!) } else { return } }()
    }

    public func respond<GenericIntoRustString: IntoRustString>(_ text: GenericIntoRustString) throws -> BridgedGeneration {
        try { let val = __swift_bridge__$BridgedSession$respond(ptr, { let rustString = text.intoRustString(); rustString.isOwned = false; return rustString.ptr }()); if val.is_ok { return BridgedGeneration(ptr: val.ok_or_err!) } else { throw BridgedError(ptr: val.ok_or_err!) } }()
    }

    public func reset() {
        __swift_bridge__$BridgedSession$reset(ptr)
    }
}
extension BridgedSession: Vectorizable {
    public static func vecOfSelfNew() -> UnsafeMutableRawPointer {
        __swift_bridge__$Vec_BridgedSession$new()
    }

    public static func vecOfSelfFree(vecPtr: UnsafeMutableRawPointer) {
        __swift_bridge__$Vec_BridgedSession$drop(vecPtr)
    }

    public static func vecOfSelfPush(vecPtr: UnsafeMutableRawPointer, value: BridgedSession) {
        __swift_bridge__$Vec_BridgedSession$push(vecPtr, {value.isOwned = false; return value.ptr;}())
    }

    public static func vecOfSelfPop(vecPtr: UnsafeMutableRawPointer) -> Optional<Self> {
        let pointer = __swift_bridge__$Vec_BridgedSession$pop(vecPtr)
        if pointer == nil {
            return nil
        } else {
            return (BridgedSession(ptr: pointer!) as! Self)
        }
    }

    public static func vecOfSelfGet(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedSessionRef> {
        let pointer = __swift_bridge__$Vec_BridgedSession$get(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedSessionRef(ptr: pointer!)
        }
    }

    public static func vecOfSelfGetMut(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedSessionRefMut> {
        let pointer = __swift_bridge__$Vec_BridgedSession$get_mut(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedSessionRefMut(ptr: pointer!)
        }
    }

    public static func vecOfSelfAsPtr(vecPtr: UnsafeMutableRawPointer) -> UnsafePointer<BridgedSessionRef> {
        UnsafePointer<BridgedSessionRef>(OpaquePointer(__swift_bridge__$Vec_BridgedSession$as_ptr(vecPtr)))
    }

    public static func vecOfSelfLen(vecPtr: UnsafeMutableRawPointer) -> UInt {
        __swift_bridge__$Vec_BridgedSession$len(vecPtr)
    }
}


public class BridgedGeneration: BridgedGenerationRefMut {
    var isOwned: Bool = true

    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }

    deinit {
        if isOwned {
            __swift_bridge__$BridgedGeneration$_free(ptr)
        }
    }
}
public class BridgedGenerationRefMut: BridgedGenerationRef {
    public override init(ptr: UnsafeMutableRawPointer) {
        super.init(ptr: ptr)
    }
}
public class BridgedGenerationRef {
    var ptr: UnsafeMutableRawPointer

    public init(ptr: UnsafeMutableRawPointer) {
        self.ptr = ptr
    }
}
extension BridgedGenerationRef {
    public func next_event() throws -> BridgedEvent {
        try { let val = __swift_bridge__$BridgedGeneration$next_event(ptr); switch val.tag { case __swift_bridge__$ResultBridgedEventAndBridgedError$ResultOk: return val.payload.ok.intoSwiftRepr() case __swift_bridge__$ResultBridgedEventAndBridgedError$ResultErr: throw BridgedError(ptr: val.payload.err) default: fatalError() } }()
    }

    public func cancel() {
        __swift_bridge__$BridgedGeneration$cancel(ptr)
    }

    public func pause(_ to_disk: Bool, _ patience_seconds: Double) -> Bool {
        __swift_bridge__$BridgedGeneration$pause(ptr, to_disk, patience_seconds)
    }

    public func resume() {
        __swift_bridge__$BridgedGeneration$resume(ptr)
    }
}
extension BridgedGeneration: Vectorizable {
    public static func vecOfSelfNew() -> UnsafeMutableRawPointer {
        __swift_bridge__$Vec_BridgedGeneration$new()
    }

    public static func vecOfSelfFree(vecPtr: UnsafeMutableRawPointer) {
        __swift_bridge__$Vec_BridgedGeneration$drop(vecPtr)
    }

    public static func vecOfSelfPush(vecPtr: UnsafeMutableRawPointer, value: BridgedGeneration) {
        __swift_bridge__$Vec_BridgedGeneration$push(vecPtr, {value.isOwned = false; return value.ptr;}())
    }

    public static func vecOfSelfPop(vecPtr: UnsafeMutableRawPointer) -> Optional<Self> {
        let pointer = __swift_bridge__$Vec_BridgedGeneration$pop(vecPtr)
        if pointer == nil {
            return nil
        } else {
            return (BridgedGeneration(ptr: pointer!) as! Self)
        }
    }

    public static func vecOfSelfGet(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedGenerationRef> {
        let pointer = __swift_bridge__$Vec_BridgedGeneration$get(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedGenerationRef(ptr: pointer!)
        }
    }

    public static func vecOfSelfGetMut(vecPtr: UnsafeMutableRawPointer, index: UInt) -> Optional<BridgedGenerationRefMut> {
        let pointer = __swift_bridge__$Vec_BridgedGeneration$get_mut(vecPtr, index)
        if pointer == nil {
            return nil
        } else {
            return BridgedGenerationRefMut(ptr: pointer!)
        }
    }

    public static func vecOfSelfAsPtr(vecPtr: UnsafeMutableRawPointer) -> UnsafePointer<BridgedGenerationRef> {
        UnsafePointer<BridgedGenerationRef>(OpaquePointer(__swift_bridge__$Vec_BridgedGeneration$as_ptr(vecPtr)))
    }

    public static func vecOfSelfLen(vecPtr: UnsafeMutableRawPointer) -> UInt {
        __swift_bridge__$Vec_BridgedGeneration$len(vecPtr)
    }
}
