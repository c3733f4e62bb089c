/// What an answer must look like.
///
/// An answer that was cut short, by `maxTokens`, by a stop text or because it was cancelled, is the beginning of such a
/// text. One that cannot be used is refused with ``HeadroomError/Code/invalidConstraint``.
///
/// ```swift
/// let colours = GenerateParameters(constraint: .jsonSchema(#"{"enum": ["red", "green", "blue"]}"#))
/// let answer = GenerateParameters(constraint: .regex("(yes|no)"))
/// ```
public enum OutputConstraint: Sendable, Equatable {
    /// JSON that this JSON schema accepts.
    case jsonSchema(String)
    /// A text that this regular expression matches from its beginning to its end.
    case regex(String)
}

extension OutputConstraint {
    /// The number that C has for it.
    var kind: UInt32 {
        switch self {
        case .jsonSchema: 1
        case .regex: 2
        }
    }

    var text: String {
        switch self {
        case .jsonSchema(let text), .regex(let text): text
        }
    }
}
