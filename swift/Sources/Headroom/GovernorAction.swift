internal import HeadroomBridge

/// What the governor did to save memory between two steps, or took back.
///
/// ```swift
/// for try await case .action(let action) in model.generate(prompt: "Once upon a time") {
///     print(action.explanation)
/// }
/// ```
public struct GovernorAction: Sendable, Equatable {
    /// What was done.
    ///
    /// ```swift
    /// if case .quantizeKV(let bits) = action.kind { print("\(bits) bits now") }
    /// ```
    public enum Kind: Sendable, Equatable {
        /// MLX keeps at most so many bytes for reuse.
        case shrinkCache(limitBytes: UInt64)
        /// Fewer prompt tokens are computed at once.
        case reducePrefillStep(tokens: Int)
        /// Keys and values are kept in fewer bits.
        case quantizeKV(bits: Int)
        /// Prompt caches that no generation uses are gone.
        case dropIdlePromptCaches
        /// The keys and values of at most so many tokens are kept.
        case boundKV(maxSize: Int)
        /// Models that no generation uses are gone.
        case unloadIdleModels
        /// The generation ends with ``GenerationInfo/StopReason/memory``.
        case stop
        /// MLX may keep more bytes for reuse again.
        case restoreCache(limitBytes: UInt64)
        /// More prompt tokens are computed at once again.
        case restorePrefillStep(tokens: Int)
        /// Something that is newer than this package.
        case other
    }

    /// What was done.
    public let kind: Kind
    /// What was done and why, as one sentence.
    public let explanation: String
    /// How tight memory was.
    public let pressure: MemoryState.Pressure
    /// Bytes that it freed, by the system's measure; `nil` where that is not known.
    public let freedBytes: UInt64?

    /// Whether it gives memory back to the work, rather than taking it away.
    public var isRestoring: Bool {
        switch kind {
        case .restoreCache, .restorePrefillStep: true
        default: false
        }
    }
}

extension GovernorAction {
    init(_ action: BridgedAction) {
        kind = Kind(number: action.kind, value: action.value)
        explanation = action.sentence.toString()
        pressure = MemoryState.Pressure(action.pressure)
        freedBytes = action.freed_bytes
    }
}

extension GovernorAction.Kind {
    /// The number is the one that the C header gives it.
    init(number: UInt32, value: UInt64) {
        self = switch number {
        case 1: .shrinkCache(limitBytes: value)
        case 2: .reducePrefillStep(tokens: Int(clamping: value))
        case 3: .quantizeKV(bits: Int(clamping: value))
        case 4: .dropIdlePromptCaches
        case 5: .boundKV(maxSize: Int(clamping: value))
        case 6: .unloadIdleModels
        case 7: .stop
        case 8: .restoreCache(limitBytes: value)
        case 9: .restorePrefillStep(tokens: Int(clamping: value))
        default: .other
        }
    }
}
