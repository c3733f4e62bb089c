//! Tokenizers that the library behind the gate would not survive, or that lie about themselves.

use serde_json::{Value, json};

use crate::case::Case;

/// Tokenizers that must be refused, with words of the refusal.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = wrong_json();
    cases.extend(wrong_models());
    cases.extend(wrong_added_tokens());
    cases.extend(wrong_parts());
    cases.extend(large());
    cases
}

/// A byte-pair tokenizer that passes.
pub(crate) fn sound() -> Value {
    json!({"version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [added(4, "<s>")],
        "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
        "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "c": 3}, "merges": [["a", "b"]]}})
}

fn added(id: u64, content: &str) -> Value {
    json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true})
}

fn with(name: &str, field: &str, value: Value, expected: &str) -> Case {
    let mut tokenizer = sound();
    tokenizer[field] = value;
    Case::text(name, tokenizer.to_string(), expected)
}

fn model(name: &str, field: &str, value: Value, expected: &str) -> Case {
    let mut tokenizer = sound();
    tokenizer["model"][field] = value;
    Case::text(name, tokenizer.to_string(), expected)
}

fn wrong_json() -> Vec<Case> {
    let nested = |open: &str| format!("{{\"normalizer\":{}", open.repeat(99_999));
    vec![
        Case::text("empty", "", "not the JSON"),
        Case::text("a-list", "[]", "not the JSON"),
        Case::text("nothing", "{}", "model is missing"),
        Case::text("two-documents", "{}{}", "not the JSON"),
        Case::text("lists-in-lists", nested("["), "not the JSON"),
        Case::text("maps-in-maps", nested("{\"a\":"), "not the JSON"),
        Case::text(
            "two-models",
            "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},\"model\":null}",
            "model",
        ),
        Case::text("a-model-that-is-null", "{\"model\":null}", ""),
        Case::text("a-model-that-is-a-list", "{\"model\":[]}", "not the JSON"),
        Case::bytes(
            "not-utf-8",
            b"{\"model\":{\"vocab\":{\"\xff\":0}}}".to_vec(),
            "not the JSON",
        ),
        Case::bytes(
            "a-sentencepiece-file",
            b"\x0a\x0e\x0a\x05<unk>\x15\0\0\0\0\x18\x02".to_vec(),
            "not the JSON",
        ),
    ]
}

fn wrong_models() -> Vec<Case> {
    let vocabulary = |name, value, expected| model(name, "vocab", value, expected);
    let merges = |name, value, expected| model(name, "merges", value, expected);
    vec![
        model(
            "a-model-of-an-unknown-type",
            "type",
            json!("Morse"),
            "Morse",
        ),
        model(
            "a-model-type-that-is-a-number",
            "type",
            json!(1),
            "model type `1`",
        ),
        model(
            "merges-left-out-at-random",
            "dropout",
            json!(0.5),
            "dropout",
        ),
        model(
            "an-unknown-token-that-is-not-there",
            "unk_token",
            json!("<unk>"),
            "<unk>",
        ),
        vocabulary("no-vocabulary", json!({}), "vocabulary is empty"),
        vocabulary("a-vocabulary-that-is-null", json!(null), ""),
        vocabulary("a-negative-id", json!({"a": -1}), "not the JSON"),
        vocabulary(
            "an-id-past-32-bits",
            json!({"a": 4_294_967_296u64}),
            "ids must be below",
        ),
        vocabulary(
            "an-id-that-asks-for-gigabytes",
            json!({"a": 4_294_967_295u64}),
            "ids must be below",
        ),
        vocabulary("an-id-past-64-bits", json!({"a": 1e30}), "not the JSON"),
        vocabulary("an-id-that-is-text", json!({"a": "0"}), "not the JSON"),
        vocabulary(
            "two-tokens-with-one-id",
            json!({"a": 0, "b": 0, "ab": 1}),
            "same id",
        ),
        Case::text(
            "a-token-twice",
            sound().to_string().replacen("\"b\":1", "\"a\":1", 1),
            "twice",
        ),
        merges(
            "a-merge-of-unknown-parts",
            json!([["x", "y"]]),
            "not in the vocabulary",
        ),
        merges(
            "a-merge-into-an-unknown-token",
            json!([["b", "a"]]),
            "not in the vocabulary",
        ),
        merges("a-merge-of-three", json!([["a", "b", "c"]]), "not the JSON"),
        merges("a-merge-of-one", json!(["ab"]), ""),
        merges("a-merge-of-numbers", json!([[1, 2]]), "not the JSON"),
        merges("merges-that-are-text", json!("a b"), "not the JSON"),
        with(
            "a-unigram-without-pieces",
            "model",
            json!({"type": "Unigram", "unk_id": 0, "vocab": []}),
            "empty",
        ),
        with(
            "a-unigram-with-an-unknown-id-past-its-end",
            "model",
            json!({"type": "Unigram", "unk_id": 9, "vocab": [["a", 0.0]]}),
            "",
        ),
        with(
            "a-unigram-with-a-score-that-is-text",
            "model",
            json!({"type": "Unigram", "unk_id": 0, "vocab": [["a", "0"]]}),
            "not the JSON",
        ),
        with(
            "a-word-level-model-without-words",
            "model",
            json!({"type": "WordLevel", "unk_token": "a", "vocab": {}}),
            "empty",
        ),
    ]
}

fn wrong_added_tokens() -> Vec<Case> {
    let tokens = |name, value, expected| with(name, "added_tokens", value, expected);
    vec![
        tokens(
            "an-added-token-without-text",
            json!([added(4, "")]),
            "1 to 4096",
        ),
        tokens(
            "a-long-added-token",
            json!([added(4, &"x".repeat(4_097))]),
            "1 to 4096",
        ),
        tokens(
            "an-added-token-with-a-negative-id",
            json!([added(4, "x"), {"id": -1, "content": "y"}]),
            "not the JSON",
        ),
        tokens(
            "an-added-token-without-an-id",
            json!([{"content": "y"}]),
            "not the JSON",
        ),
        tokens(
            "added-tokens-that-are-a-map",
            json!({"a": 1}),
            "not the JSON",
        ),
        tokens("an-added-token-that-is-text", json!(["a"]), "not the JSON"),
    ]
}

fn wrong_parts() -> Vec<Case> {
    let part = |name, field, value, expected| with(name, field, value, expected);
    let regex = |pattern: &str| json!({"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": false});
    vec![
        part(
            "a-normaliser-of-an-unknown-type",
            "normalizer",
            json!({"type": "Upside"}),
            "normaliser",
        ),
        part(
            "a-normaliser-that-is-a-number",
            "normalizer",
            json!(1),
            "normaliser",
        ),
        part(
            "a-normaliser-without-a-type",
            "normalizer",
            json!({}),
            "normaliser",
        ),
        part(
            "a-character-map-that-asks-for-gigabytes",
            "normalizer",
            json!({"type": "Precompiled", "precompiled_charsmap": "/////w=="}),
            "normaliser",
        ),
        part(
            "a-character-map-of-nothing",
            "normalizer",
            json!({"type": "Precompiled", "precompiled_charsmap": ""}),
            "normaliser",
        ),
        part(
            "a-character-map-that-is-not-base64",
            "normalizer",
            json!({"type": "Precompiled", "precompiled_charsmap": "?"}),
            "normaliser",
        ),
        part(
            "a-splitter-of-an-unknown-type",
            "pre_tokenizer",
            json!({"type": "Hatchet"}),
            "pre-tokeniser",
        ),
        part(
            "a-pattern-that-is-not-one",
            "pre_tokenizer",
            regex("("),
            "closing parenthesis",
        ),
        part(
            "a-pattern-without-end",
            "pre_tokenizer",
            regex(&"a".repeat(4_097)),
            "pre-tokeniser",
        ),
        part(
            "a-decoder-of-an-unknown-type",
            "decoder",
            json!({"type": "Oracle"}),
            "decoder",
        ),
        part(
            "a-processor-of-an-unknown-type",
            "post_processor",
            json!({"type": "Press"}),
            "post-processor",
        ),
        part(
            "padding-without-end",
            "padding",
            json!({"strategy": {"Fixed": 1u64 << 40}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "a"}),
            "padding",
        ),
        part(
            "truncation-with-a-stride-past-its-length",
            "truncation",
            json!({"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 9}),
            "truncation",
        ),
        part(
            "normalisers-in-normalisers",
            "normalizer",
            nested_sequence(40),
            "",
        ),
    ]
}

fn nested_sequence(levels: usize) -> Value {
    (0..levels).fold(
        json!({"type": "NFC"}),
        |inner, _| json!({"type": "Sequence", "normalizers": [inner]}),
    )
}

/// As many tokens as the file can hold, and as many merges.
fn crowded(tokens: usize, merges: usize) -> String {
    let vocabulary = (0..tokens).map(|id| format!("\"{id:x}\":{id}"));
    let vocabulary = vocabulary.collect::<Vec<_>>().join(",");
    let merges = vec!["[\"1\",\"0\"]"; merges].join(",");
    format!(
        "{{\"model\":{{\"type\":\"BPE\",\"merges\":[{merges}],\"vocab\":{{{vocabulary}}},\"unk_token\":\"?\"}}}}"
    )
}

fn large() -> Vec<Case> {
    const LENGTH: usize = 60 << 20;
    let filled = |start: &str, piece: &str, end: &str| {
        let count = (LENGTH - start.len() - end.len()) / piece.len();
        format!("{start}{}{end}", piece.repeat(count))
    };
    vec![
        Case::text("tokens-in-crowds", crowded(1_900_000, 0), "too large"),
        Case::text(
            "tokens-and-merges-in-crowds",
            crowded(900_000, 1_900_000),
            "",
        ),
        Case::text(
            "merges-in-crowds",
            crowded(690_000, 900_000),
            "unknown token",
        ),
        Case::text("too-long-a-file", " ".repeat(65 << 20), "at most"),
        Case::text(
            "pieces-without-end",
            filled(
                "{\"model\":{\"type\":\"Unigram\",\"vocab\":[",
                "[\"\",0],",
                "0]}}",
            ),
            "",
        ),
        Case::text(
            "a-text-for-added-tokens-without-end",
            filled("{\"added_tokens\":\"", "x", "\"}"),
            "a string has more than",
        ),
        Case::text(
            "an-added-token-without-end",
            filled("{\"added_tokens\":[{\"id\":0,\"content\":\"", "x", "\"}]}"),
            "a string has more than",
        ),
        Case::text(
            "an-added-token-of-escapes-without-end",
            filled(
                "{\"added_tokens\":[{\"id\":0,\"content\":\"",
                "\\n",
                "\"}]}",
            ),
            "a string has more than",
        ),
        Case::text(
            "an-unknown-token-without-end",
            filled("{\"model\":{\"unk_token\":\"", "x", "\"}}"),
            "a string has more than",
        ),
        Case::text(
            "a-model-type-without-end",
            filled("{\"model\":{\"type\":\"", "x", "\"}}"),
            "a string has more than",
        ),
        Case::text(
            "a-part-without-end",
            filled("{\"", "x", "\":1}"),
            "a string has more than",
        ),
        Case::text(
            "a-normaliser-without-end",
            filled("{\"normalizer\":\"", "x", "\"}"),
            "a string has more than",
        ),
        Case::text(
            "fields-without-end",
            filled("{\"model\":{\"x\":[", "0,", "0]}}"),
            "",
        ),
        Case::text(
            "added-tokens-without-end",
            filled("{\"added_tokens\":[", "{\"id\":0,\"content\":\"\"},", "0]}"),
            "",
        ),
        Case::text(
            "a-token-without-end",
            filled("{\"model\":{\"vocab\":{\"", "x", "\":1}}}"),
            "",
        ),
    ]
}
