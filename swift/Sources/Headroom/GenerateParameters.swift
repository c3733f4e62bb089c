internal import HeadroomBridge

/// How to generate.
///
/// ```swift
/// let parameters = GenerateParameters(maxTokens: 100, temperature: 0.7, seed: 1)
/// ```
public struct GenerateParameters: Sendable, Equatable {
    /// The most tokens to generate; at least 1.
    public var maxTokens: Int
    /// 0 takes the likeliest token; higher values draw more freely.
    public var temperature: Float
    /// Draw from the likeliest tokens that together have this probability; 1 means all.
    public var topP: Float
    /// Draw from this many of the likeliest tokens; 0 means all.
    public var topK: Int
    /// Draw from tokens at least this share as likely as the likeliest; 0 means all.
    public var minP: Float
    /// Above 1, tokens seen in the last `repetitionContextSize` become less likely.
    public var repetitionPenalty: Float
    /// How many of the last tokens the repetition penalty looks at.
    public var repetitionContextSize: Int
    /// Same seed, same prompt, same text; `nil` takes a new one each time.
    public var seed: UInt64?
    /// Texts that end the answer; they are not part of it.
    public var stop: [String]
    /// Prompt tokens computed at once; fewer take less memory.
    public var prefillStepSize: Int

    public init(
        maxTokens: Int = 256,
        temperature: Float = 0,
        topP: Float = 1,
        topK: Int = 0,
        minP: Float = 0,
        repetitionPenalty: Float = 1,
        repetitionContextSize: Int = 20,
        seed: UInt64? = nil,
        stop: [String] = [],
        prefillStepSize: Int = 512
    ) {
        self.maxTokens = maxTokens
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.repetitionContextSize = repetitionContextSize
        self.seed = seed
        self.stop = stop
        self.prefillStepSize = prefillStepSize
    }
}

extension GenerateParameters {
    /// Numbers below zero become zero, which the core refuses where it means nothing.
    var bridged: BridgedParameters {
        let stops = RustVec<RustString>()
        for text in stop { stops.push(value: RustString(text)) }
        return BridgedParameters(
            max_tokens: UInt32(clamping: maxTokens),
            temperature: temperature,
            top_p: topP,
            top_k: UInt32(clamping: topK),
            min_p: minP,
            repetition_penalty: repetitionPenalty,
            repetition_context: UInt32(clamping: repetitionContextSize),
            seed: seed,
            stop: stops,
            prefill_step: UInt32(clamping: prefillStepSize)
        )
    }
}
