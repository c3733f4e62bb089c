internal import HeadroomBridge

/// One thing that happened in a generation.
///
/// ```swift
/// for try await event in model.generate(prompt: "Once", parameters: GenerateParameters(monitorInterval: 16)) {
///     switch event {
///     case .chunk(let text): print(text, terminator: "")
///     case .memory(let state): print(state.pressure)
///     case .action(let action): print(action.explanation)
///     case .prefill, .info: break
///     }
/// }
/// ```
public enum Generation: Sendable, Equatable {
    /// Part of the prompt has been computed.
    case prefill(doneTokens: Int, totalTokens: Int)
    /// More of the answer; whole characters only.
    case chunk(String)
    /// Memory as it is now, as often as ``GenerateParameters/monitorInterval`` says.
    case memory(MemoryState)
    /// The governor did something to save memory, or took it back.
    case action(GovernorAction)
    /// The last: answer and figures.
    case info(GenerationInfo)
}

/// A generation's answer and figures, all measured but the predicted one.
///
/// ```swift
/// for try await case .info(let info) in model.generate(prompt: "Once") {
///     print(info.tokensPerSecond ?? 0, info.peakMLXBytes, info.predictedPeakMLXBytes)
/// }
/// ```
public struct GenerationInfo: Sendable, Equatable {
    /// Why it ended.
    ///
    /// ```swift
    /// if info.stopReason == .memory { print("there was no room for more") }
    /// ```
    public enum StopReason: String, Sendable {
        /// The model ended its answer, or a stop text came.
        case stop
        /// `maxTokens` or the end of the context was reached.
        case length
        /// It was cancelled.
        case cancelled
        /// Memory ran short and nothing was left to give up; the text so far is there.
        case memory
    }

    /// The whole answer.
    public let text: String
    /// The ids that were generated.
    public let tokens: [UInt32]
    /// How likely each of them was; empty unless ``GenerateParameters/topLogprobs`` asked for it.
    public let logprobs: [TokenLogprobs]
    /// Tokens of the prompt.
    public let promptTokenCount: Int
    /// How many of them came from a cache.
    public let cachedPromptTokenCount: Int
    /// Why it ended.
    public let stopReason: StopReason
    /// Seconds that loading the model took.
    public let loadSeconds: Double
    /// Seconds from the request to the first token.
    public let timeToFirstTokenSeconds: Double?
    /// Prefill speed.
    public let promptTokensPerSecond: Double?
    /// Decode speed.
    public let tokensPerSecond: Double?
    /// The most that MLX's arrays took at once.
    public let peakMLXBytes: UInt64
    /// The most that this process took at once.
    public let peakFootprintBytes: UInt64?
    /// The peak of MLX's arrays that was predicted for this generation alone.
    public let predictedPeakMLXBytes: UInt64
    /// What the KV cache took at the end.
    public let kvCacheBytes: UInt64
}

extension GenerationInfo {
    init(_ summary: BridgedSummary) {
        text = summary.text.toString()
        tokens = Array(summary.tokens)
        logprobs = TokenLogprobs.all(of: summary)
        promptTokenCount = Int(summary.prompt_tokens)
        cachedPromptTokenCount = Int(summary.cached_prompt_tokens)
        switch summary.stop_reason {
        case .Stop: stopReason = .stop
        case .Length: stopReason = .length
        case .Cancelled: stopReason = .cancelled
        case .Memory: stopReason = .memory
        }
        loadSeconds = summary.load_seconds
        timeToFirstTokenSeconds = summary.time_to_first_token_seconds
        promptTokensPerSecond = summary.prompt_tokens_per_second
        tokensPerSecond = summary.generation_tokens_per_second
        peakMLXBytes = summary.peak_mlx_bytes
        peakFootprintBytes = summary.peak_footprint_bytes
        predictedPeakMLXBytes = summary.predicted_peak_mlx_bytes
        kvCacheBytes = summary.kv_cache_bytes
    }
}

/// A stream over a generation's events. Work stops when the stream is dropped or its task cancelled.
///
/// - Parameter hear: Runs for every event before the stream gives it, on a thread that may wait.
func events(
    of start: () throws -> BridgedGeneration, hear: @escaping @Sendable (Generation) -> Void = { _ in }
) -> AsyncThrowingStream<Generation, Error> {
    AsyncThrowingStream { continuation in
        let generation: BridgedGeneration
        do {
            generation = try bridged(start)
        } catch {
            return continuation.finish(throwing: error)
        }
        RunningGenerations.shared.add(generation)
        continuation.onTermination = { _ in generation.cancel() }
        startOffTheCooperativePool {
            forward(generation, to: continuation, hear: hear)
            RunningGenerations.shared.remove(generation)
        }
    }
}

private func forward(
    _ generation: BridgedGeneration,
    to continuation: AsyncThrowingStream<Generation, Error>.Continuation,
    hear: (Generation) -> Void
) {
    do {
        while let event = try Generation.next(of: generation) {
            hear(event)
            continuation.yield(event)
        }
        continuation.finish()
    } catch {
        continuation.finish(throwing: error)
    }
}

extension Generation {
    /// Waits for the next event; `nil` after the last.
    static func next(of generation: BridgedGeneration) throws -> Generation? {
        switch try bridged({ try generation.next_event() }) {
        case .Prefill(let done, let total): .prefill(doneTokens: Int(done), totalTokens: Int(total))
        case .Text(let text): .chunk(text.toString())
        case .Memory(let state): .memory(MemoryState(state))
        case .Action(let action): .action(GovernorAction(action))
        case .End(let summary): .info(GenerationInfo(summary))
        case .Over: nil
        }
    }
}
