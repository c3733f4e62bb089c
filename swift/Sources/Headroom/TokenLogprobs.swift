internal import HeadroomBridge

/// How likely a generated token was, and which were likeliest in its place.
///
/// Log-probabilities are natural logarithms under the model alone, before biases, penalties, constraint and
/// temperature.
///
/// ```swift
/// let parameters = GenerateParameters(topLogprobs: 3)
/// for try await case .info(let info) in model.generate(prompt: "Once", parameters: parameters) {
///     for token in info.logprobs { print(token.id, token.logprob, token.top.map(\.id)) }
/// }
/// ```
public struct TokenLogprobs: Sendable, Equatable {
    /// A token and its log-probability.
    public struct Candidate: Sendable, Equatable {
        /// The token's id.
        public let id: UInt32
        /// The natural logarithm of its probability.
        public let logprob: Float
    }

    /// The token that was generated.
    public let id: UInt32
    /// Its log-probability.
    public let logprob: Float
    /// The likeliest tokens, likeliest first.
    public let top: [Candidate]
}

extension TokenLogprobs {
    /// One for each generated token; none when the host did not ask. Every token has as many candidates.
    static func all(of summary: BridgedSummary) -> [TokenLogprobs] {
        let candidates = zip(summary.top_tokens, summary.top_logprobs).map(Candidate.init)
        let own = zip(summary.tokens, summary.logprobs)
        let perToken = candidates.count / max(1, summary.logprobs.count)
        return own.enumerated().map { place, token in
            let top = candidates[place * perToken..<(place + 1) * perToken]
            return TokenLogprobs(id: token.0, logprob: token.1, top: Array(top))
        }
    }
}
