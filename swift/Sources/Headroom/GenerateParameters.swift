internal import HeadroomBridge

/// How to generate.
///
/// ```swift
/// let parameters = GenerateParameters(maxTokens: 100, maxKVSize: 512, kvBits: 4, temperature: 0.7, seed: 1)
/// ```
public struct GenerateParameters: Sendable, Equatable {
    /// The most tokens to generate; at least 1.
    public var maxTokens: Int
    /// The most tokens whose keys and values are kept, the first few among them; at least 8. `nil` keeps all.
    public var maxKVSize: Int?
    /// Bits of keys and values: 2, 3, 4, 6, 8 or 16. `nil` keeps them as they were computed.
    public var kvBits: Int?
    /// Consecutive values that share a scale and a bias: 32, 64 or 128. Used with `kvBits`.
    public var kvGroupSize: Int
    /// From how many tokens on keys and values are quantised.
    public var quantizedKVStart: Int
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
    /// Taken once from the logits of tokens seen in the last `presenceContextSize`; from -100 to 100.
    public var presencePenalty: Float
    /// How many of the last tokens the presence penalty looks at.
    public var presenceContextSize: Int
    /// Taken from a token's logit for every time that it was seen in the last `frequencyContextSize`; from -100 to
    /// 100.
    public var frequencyPenalty: Float
    /// How many of the last tokens the frequency penalty looks at.
    public var frequencyContextSize: Int
    /// Added to the logits of these tokens; from -100 to 100.
    public var logitBias: [UInt32: Float]
    /// Tells in ``GenerationInfo/logprobs`` how likely each token was, and this many of the likeliest in its place; at
    /// most 20. `nil` tells nothing.
    public var topLogprobs: Int?
    /// The answer may end no earlier than after this many tokens.
    public var minTokens: Int
    /// What the answer must look like; `nil` lets the model write what it likes.
    public var constraint: OutputConstraint?
    /// Same seed, same prompt, same text; `nil` takes a new one each time.
    public var seed: UInt64?
    /// Texts that end the answer; they are not part of it.
    public var stop: [String]
    /// Prompt tokens computed at once; fewer take less memory.
    public var prefillStepSize: Int
    /// Gives a ``Generation/memory(_:)`` every so many tokens; `nil` never does.
    public var monitorInterval: Int?
    /// Whether the governor acts when memory gets tight, before the system does.
    public var isGoverned: Bool

    /// Every choice has a default.
    public init(
        maxTokens: Int = 256,
        maxKVSize: Int? = nil,
        kvBits: Int? = nil,
        kvGroupSize: Int = 64,
        quantizedKVStart: Int = 0,
        temperature: Float = 0,
        topP: Float = 1,
        topK: Int = 0,
        minP: Float = 0,
        repetitionPenalty: Float = 1,
        repetitionContextSize: Int = 20,
        presencePenalty: Float = 0,
        presenceContextSize: Int = 20,
        frequencyPenalty: Float = 0,
        frequencyContextSize: Int = 20,
        logitBias: [UInt32: Float] = [:],
        topLogprobs: Int? = nil,
        minTokens: Int = 0,
        constraint: OutputConstraint? = nil,
        seed: UInt64? = nil,
        stop: [String] = [],
        prefillStepSize: Int = 512,
        monitorInterval: Int? = nil,
        isGoverned: Bool = true
    ) {
        self.maxTokens = maxTokens
        self.maxKVSize = maxKVSize
        self.kvBits = kvBits
        self.kvGroupSize = kvGroupSize
        self.quantizedKVStart = quantizedKVStart
        self.temperature = temperature
        self.topP = topP
        self.topK = topK
        self.minP = minP
        self.repetitionPenalty = repetitionPenalty
        self.repetitionContextSize = repetitionContextSize
        self.presencePenalty = presencePenalty
        self.presenceContextSize = presenceContextSize
        self.frequencyPenalty = frequencyPenalty
        self.frequencyContextSize = frequencyContextSize
        self.logitBias = logitBias
        self.topLogprobs = topLogprobs
        self.minTokens = minTokens
        self.constraint = constraint
        self.seed = seed
        self.stop = stop
        self.prefillStepSize = prefillStepSize
        self.monitorInterval = monitorInterval
        self.isGoverned = isGoverned
    }
}

extension GenerateParameters {
    /// Numbers below zero become zero, and of a cache's bounds the smallest, so that the core refuses what
    /// means nothing.
    var bridged: BridgedParameters {
        let stops = RustVec<RustString>()
        for text in stop { stops.push(value: RustString(text)) }
        let (biasTokens, biases) = (RustVec<UInt32>(), RustVec<Float>())
        for (token, bias) in logitBias {
            biasTokens.push(value: token)
            biases.push(value: bias)
        }
        return BridgedParameters(
            max_tokens: UInt32(clamping: maxTokens),
            temperature: temperature,
            top_p: topP,
            top_k: UInt32(clamping: topK),
            min_p: minP,
            repetition_penalty: repetitionPenalty,
            repetition_context: UInt32(clamping: repetitionContextSize),
            presence_penalty: presencePenalty,
            presence_context: UInt32(clamping: presenceContextSize),
            frequency_penalty: frequencyPenalty,
            frequency_context: UInt32(clamping: frequencyContextSize),
            bias_tokens: biasTokens,
            biases: biases,
            top_logprobs: topLogprobs.map { UInt32(exactly: $0) ?? .max },
            min_tokens: UInt32(clamping: minTokens),
            constraint_kind: constraint?.kind ?? 0,
            constraint: (constraint?.text ?? "").intoRustString(),
            seed: seed,
            stop: stops,
            prefill_step: UInt32(clamping: prefillStepSize),
            max_kv_size: maxKVSize.map { max(1, UInt32(clamping: $0)) } ?? 0,
            kv_bits: kvBits.map { max(1, UInt32(clamping: $0)) } ?? 0,
            kv_group_size: UInt32(clamping: kvGroupSize),
            quantized_kv_start: UInt32(clamping: quantizedKVStart),
            monitor_interval: monitorInterval.map { UInt32(clamping: $0) },
            is_governed: isGoverned
        )
    }

    /// These parameters with the settings that decide how much memory they take.
    func with(_ settings: BridgedSettings) -> GenerateParameters {
        var parameters = self
        parameters.prefillStepSize = Int(settings.prefill_step)
        parameters.maxKVSize = settings.max_kv_size > 0 ? Int(settings.max_kv_size) : nil
        parameters.kvBits = settings.kv_bits > 0 ? Int(settings.kv_bits) : nil
        parameters.kvGroupSize = Int(settings.kv_group_size)
        parameters.quantizedKVStart = Int(settings.quantized_kv_start)
        return parameters
    }
}
