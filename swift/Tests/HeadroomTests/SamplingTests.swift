import Foundation
import XCTest

@testable import Headroom

final class SamplingTests: XCTestCase {
    private func answer(_ parameters: GenerateParameters) async throws -> GenerationInfo {
        let model = try await ModelContainer.load(directory: storyteller)
        return try await info(of: model.generate(prompt: "Once upon a time", parameters: parameters))
    }

    func testAnAnswerKeepsToASchema() async throws {
        let schema = #"{"type": "object", "properties": {"kind": {"enum": ["fox", "owl"]}}, "required": ["kind"], "additionalProperties": false}"#
        let answer = try await answer(GenerateParameters(temperature: 1, constraint: .jsonSchema(schema), seed: 3))
        let object = try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any]
        XCTAssertTrue(["fox", "owl"].contains(object?["kind"] as? String), answer.text)
        XCTAssertEqual(answer.stopReason, .stop)
    }

    func testAnAnswerMatchesAPattern() async throws {
        let answer = try await answer(GenerateParameters(constraint: .regex("(yes|no), [a-z]{3}")))
        XCTAssertNotNil(answer.text.wholeMatch(of: /(yes|no), [a-z]{3}/), answer.text)
    }

    func testAConstraintThatCannotBeUsedIsRefusedAndTheModelGoesOn() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        for constraint in [OutputConstraint.regex("("), .jsonSchema("[]")] {
            let parameters = GenerateParameters(maxTokens: 4, constraint: constraint)
            let error = await failure { try await info(of: model.generate(prompt: "a", parameters: parameters)) }
            XCTAssertEqual(error?.code, .invalidConstraint)
        }
        let after = try await info(of: model.generate(prompt: "a", parameters: GenerateParameters(maxTokens: 2)))
        XCTAssertEqual(after.tokens.count, 2)
    }

    func testLogProbabilitiesComeWhenAskedFor() async throws {
        let told = try await answer(GenerateParameters(maxTokens: 5, topLogprobs: 3))
        XCTAssertEqual(told.logprobs.map(\.id), told.tokens)
        for token in told.logprobs {
            XCTAssertEqual(token.top.count, 3)
            XCTAssertEqual(token.top.first, .init(id: token.id, logprob: token.logprob))
            XCTAssertEqual(token.top.map(\.logprob), token.top.map(\.logprob).sorted(by: >))
        }
        let own = try await answer(GenerateParameters(maxTokens: 5, topLogprobs: 0))
        XCTAssertEqual(own.logprobs.map(\.logprob), told.logprobs.map(\.logprob))
        XCTAssertTrue(own.logprobs.allSatisfy(\.top.isEmpty))
        let silent = try await answer(GenerateParameters(maxTokens: 5))
        XCTAssertTrue(silent.logprobs.isEmpty)
    }

    func testBiasesAndPenaltiesChangeTheTokens() async throws {
        let bias: [UInt32: Float] = [40: 100, 41: -100]
        let biased = try await answer(GenerateParameters(maxTokens: 4, logitBias: bias))
        XCTAssertEqual(biased.tokens, [40, 40, 40, 40])
        for penalised in [
            GenerateParameters(maxTokens: 4, presencePenalty: 100, logitBias: bias),
            GenerateParameters(maxTokens: 4, frequencyPenalty: 100, logitBias: bias),
        ] {
            let answer = try await answer(penalised)
            XCTAssertEqual(answer.tokens.first, 40)
            XCTAssertNotEqual(answer.tokens[1], 40)
        }
    }

    func testAnAnswerHasTheFewestTokensAskedFor() async throws {
        // 3067 ends an answer of the shipped model.
        let short = try await answer(GenerateParameters(maxTokens: 9, logitBias: [3067: 100]))
        XCTAssertEqual(short.tokens.count, 1)
        let long = try await answer(GenerateParameters(maxTokens: 9, logitBias: [3067: 100], minTokens: 5))
        XCTAssertEqual(long.tokens.count, 6)
    }

    func testWhatCannotBeMeantIsRefusedByName() async throws {
        let model = try await ModelContainer.load(directory: storyteller)
        for (parameters, name) in [
            (GenerateParameters(presencePenalty: 101), "presence_penalty"),
            (GenerateParameters(frequencyPenalty: .nan), "frequency_penalty"),
            (GenerateParameters(presenceContextSize: 0), "presence_context"),
            (GenerateParameters(frequencyContextSize: -1), "frequency_context"),
            (GenerateParameters(logitBias: [1_000_000: 1]), "logit_bias"),
            (GenerateParameters(topLogprobs: 21), "top_logprobs"),
            (GenerateParameters(topLogprobs: -1), "top_logprobs"),
            (GenerateParameters(maxTokens: 4, minTokens: 5), "min_tokens"),
        ] {
            let error = await failure { try await info(of: model.generate(prompt: "a", parameters: parameters)) }
            XCTAssertEqual(error?.code, .invalidParameter)
            XCTAssertTrue(error?.message.contains(name) ?? false, "\(String(describing: error))")
        }
    }
}
