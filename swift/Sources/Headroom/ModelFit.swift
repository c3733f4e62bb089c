import Foundation
internal import HeadroomBridge

/// Whether a model fits, predicted from its headers and configuration before anything of it is loaded.
///
/// ```swift
/// let fit = try ModelFit.check(directory: directory, contextLength: 4096)
/// if case .fitsIf(let contextLength, let parameters) = fit.answer { print(contextLength, parameters) }
/// ```
public struct ModelFit: Sendable, Equatable {
    /// The answer.
    ///
    /// ```swift
    /// if case .doesNotFit(let alternative?) = fit.answer { print(alternative.name) }
    /// ```
    public enum Answer: Sendable, Equatable {
        /// As asked.
        case fits
        /// With a smaller prefill step first, then fewer bits for keys and values, then a shorter context.
        case fitsIf(contextLength: Int, parameters: GenerateParameters)
        /// With none; and the best model of the registry that does fit, if there is one.
        case doesNotFit(alternative: ModelConfiguration?)
    }

    /// The answer.
    public let answer: Answer
    /// What it takes at its peak; where it does not fit, with everything given up.
    public let neededBytes: UInt64
    /// What may be taken, a reserve left out; `nil` where the system does not tell, and the answer is not bounded
    /// by it.
    public let availableBytes: UInt64?

    /// Predicts what a generation with the model in `directory` takes.
    ///
    /// ```swift
    /// let fit = try ModelFit.check(directory: directory, contextLength: 32_768)
    /// ```
    /// - Throws: ``HeadroomError`` when there is no model, a parameter is out of range, or memory cannot be read.
    public static func check(
        directory: URL, contextLength: Int, parameters: GenerateParameters = GenerateParameters()
    ) throws -> ModelFit {
        let fit = try bridged {
            try bridged_check_fit(directory.path, UInt32(clamping: contextLength), parameters.bridged)
        }
        return ModelFit(fit, asked: parameters)
    }
}

extension ModelFit {
    init(_ fit: BridgedFit, asked: GenerateParameters) {
        neededBytes = fit.needed_bytes
        availableBytes = fit.available_bytes
        switch fit.answer {
        case .Fits: answer = .fits
        case .FitsIf:
            let contextLength = Int(fit.context_tokens)
            answer = .fitsIf(contextLength: contextLength, parameters: asked.with(fit.settings))
        case .DoesNotFit:
            let name = fit.alternative.toString()
            answer = .doesNotFit(alternative: LLMRegistry.all.first { $0.name == name })
        }
    }
}
