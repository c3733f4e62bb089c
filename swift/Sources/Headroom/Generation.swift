internal import HeadroomBridge

/// One thing that happened in a generation.
public enum Generation: Sendable, Equatable {
    /// Part of the prompt has been computed.
    case prefill(doneTokens: Int, totalTokens: Int)
    /// More of the answer; whole characters only.
    case chunk(String)
    /// The last: answer and figures.
    case info(GenerationInfo)
}

/// A generation's answer and figures, all measured.
public struct GenerationInfo: Sendable, Equatable {
    /// Why it ended.
    public enum StopReason: String, Sendable {
        /// The model ended its answer, or a stop text came.
        case stop
        /// `maxTokens` or the end of the context was reached.
        case length
        /// It was cancelled.
        case cancelled
    }

    /// The whole answer.
    public let text: String
    /// The ids that were generated.
    public let tokens: [UInt32]
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
    /// What the KV cache took at the end.
    public let kvCacheBytes: UInt64
}

extension GenerationInfo {
    init(_ summary: BridgedSummary) {
        text = summary.text.toString()
        tokens = Array(summary.tokens)
        promptTokenCount = Int(summary.prompt_tokens)
        cachedPromptTokenCount = Int(summary.cached_prompt_tokens)
        switch summary.stop_reason {
        case .Stop: stopReason = .stop
        case .Length: stopReason = .length
        case .Cancelled: stopReason = .cancelled
        }
        loadSeconds = summary.load_seconds
        timeToFirstTokenSeconds = summary.time_to_first_token_seconds
        promptTokensPerSecond = summary.prompt_tokens_per_second
        tokensPerSecond = summary.generation_tokens_per_second
        peakMLXBytes = summary.peak_mlx_bytes
        peakFootprintBytes = summary.peak_footprint_bytes
        kvCacheBytes = summary.kv_cache_bytes
    }
}

/// A stream over a generation's events. Work stops when the stream is dropped or its task cancelled.
func events(of start: () throws -> BridgedGeneration) -> AsyncThrowingStream<Generation, Error> {
    AsyncThrowingStream { continuation in
        let generation: BridgedGeneration
        do {
            generation = try bridged(start)
        } catch {
            return continuation.finish(throwing: error)
        }
        continuation.onTermination = { _ in generation.cancel() }
        startOffTheCooperativePool { forward(generation, to: continuation) }
    }
}

private func forward(
    _ generation: BridgedGeneration, to continuation: AsyncThrowingStream<Generation, Error>.Continuation
) {
    do {
        while let event = try Generation.next(of: generation) {
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
        case .End(let summary): .info(GenerationInfo(summary))
        case .Over: nil
        }
    }
}
