use super::*;
use proptest::prelude::*;
use serde_json::json;
use std::panic::catch_unwind;
use tokenizers::Tokenizer;

/// A small byte-pair tokenizer with one component of each kind.
fn byte_pair() -> Value {
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [added(5, "<s>"), added(0, "a")],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "a"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "a"},
        ]},
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "\\s{1,3}"}, "behavior": "Isolated", "invert": false},
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [5], "tokens": ["<s>"]}}},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}, {"type": "Fuse"},
        ]},
        "model": {"type": "BPE", "dropout": null, "unk_token": "a", "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
            "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4},
            "merges": [["a", "b"], ["ab", "c"]]},
    })
}

fn added(id: u64, content: &str) -> Value {
    json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true})
}

fn unigram() -> Value {
    let mut tokenizer = byte_pair();
    tokenizer["model"] = json!({"type": "Unigram", "unk_id": 0, "byte_fallback": false,
        "vocab": [["a", 0.0], ["b", -1.5], ["b", -2.5], ["ab", -3], ["<s>", 0.0]]});
    tokenizer["post_processor"] = Value::Null;
    tokenizer
}

fn summary(tokenizer: &Value) -> TokenizerSummary {
    check(tokenizer.to_string().as_bytes()).expect("a sound tokenizer")
}

fn refusal(tokenizer: &Value) -> TokenizerRule {
    check(tokenizer.to_string().as_bytes()).expect_err("a refusal")
}

/// The refusal of the byte-pair tokenizer after one change.
fn refusal_with(change: impl FnOnce(&mut Value)) -> TokenizerRule {
    let mut tokenizer = byte_pair();
    change(&mut tokenizer);
    refusal(&tokenizer)
}

fn part_reason(field: &str, component: Value) -> String {
    match refusal_with(|tokenizer| tokenizer[field] = component) {
        TokenizerRule::Part { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

/// Loads and uses a tokenizer with the real library; `false` when that panics.
fn survives_the_library(bytes: &[u8]) -> bool {
    catch_unwind(|| {
        if let Ok(tokenizer) = Tokenizer::from_bytes(bytes) {
            for text in ["", "a", "abc ab é a\u{301} <s>", "\u{10ffff}  b"] {
                if let Ok(encoding) = tokenizer.encode(text, true) {
                    // The library's own decoder fails on no tokens at all.
                    if !encoding.get_ids().is_empty() {
                        let _ = tokenizer.decode(encoding.get_ids(), false);
                    }
                }
            }
        }
    })
    .is_ok()
}

#[test]
fn sound_tokenizers_are_summarised_and_load() {
    let expected = TokenizerSummary {
        model: TokenizerModel::Bpe,
        vocabulary_size: 6,
        model_tokens: 5,
        added_tokens: 2,
    };
    assert_eq!(summary(&byte_pair()), expected);
    assert_eq!(summary(&unigram()).vocabulary_size, 5);
    assert_eq!(summary(&unigram()).model, TokenizerModel::Unigram);
    for tokenizer in [byte_pair(), unigram()] {
        let summary = summary(&tokenizer);
        let loaded = Tokenizer::from_bytes(tokenizer.to_string()).expect("it loads");
        let largest = loaded.get_vocab(true).into_values().max();
        assert_eq!(largest, Some(summary.vocabulary_size as u32 - 1));
        assert!(survives_the_library(tokenizer.to_string().as_bytes()));
    }
}

#[test]
fn merges_may_be_lines_and_the_type_may_be_missing() {
    let mut tokenizer = byte_pair();
    tokenizer["model"]["merges"] = json!(["#version: 0.2", "a b", "ab c"]);
    let model = tokenizer["model"].as_object_mut().expect("an object");
    model.remove("type");
    assert_eq!(summary(&tokenizer).model, TokenizerModel::Bpe);
}

#[test]
fn escaped_text_is_the_same_as_plain_text() {
    let escaped = byte_pair().to_string().replace("\"ab\"", "\"\\u0061b\"");
    assert!(escaped.contains("\\u0061b"));
    let summary_of_escaped = check(escaped.as_bytes()).expect("a sound tokenizer");
    assert_eq!(summary_of_escaped, summary(&byte_pair()));
}

#[test]
fn added_tokens_get_the_ids_that_the_library_gives_them() {
    let mut tokenizer = byte_pair();
    tokenizer["added_tokens"] = json!([
        added(90, "<x>"),
        added(3, "ab"),
        added(70, "<y>"),
        added(70, "<y>")
    ]);
    tokenizer["post_processor"] = Value::Null;
    let loaded = Tokenizer::from_bytes(tokenizer.to_string()).expect("it loads");
    let largest = loaded.get_vocab(true).into_values().max().expect("tokens");
    assert_eq!(summary(&tokenizer).vocabulary_size, largest as usize + 1);
}

#[test]
fn the_structure_is_demanded() {
    let twice = byte_pair().to_string().replacen('{', "{\"model\":{},", 1);
    let nested = format!("{{\"x\":{}", "[".repeat(1 << 20));
    for json in ["", "[]", "{", "{} {}", &twice, &nested] {
        assert!(
            matches!(check(json.as_bytes()), Err(TokenizerRule::Malformed(_))),
            "{}",
            json.chars().take(40).collect::<String>()
        );
    }
    assert_eq!(refusal(&json!({})), TokenizerRule::Missing("its model"));
    let many = json!({"x": vec![0; PART_VALUES]});
    assert!(matches!(refusal(&many), TokenizerRule::Malformed(_)));
    assert!(check_tokenizer(b"\xff", Path::new("tokenizer.json")).is_err());
}

#[test]
fn errors_name_the_file() {
    let error = check_tokenizer(b"{}", Path::new("m/tokenizer.json")).expect_err("a refusal");
    assert_eq!(
        error.to_string(),
        "m/tokenizer.json is refused: its model is missing"
    );
    let large = vec![b' '; TOKENIZER_LIMIT_BYTES as usize + 1];
    assert!(matches!(
        check_tokenizer(&large, Path::new("tokenizer.json")),
        Err(FormatError::TooLarge { .. })
    ));
}

#[test]
fn model_types_are_known() {
    assert_eq!(
        refusal_with(|t| t["model"]["type"] = json!("Magic")),
        TokenizerRule::UnknownModel("Magic".into())
    );
    assert!(matches!(
        refusal_with(|t| t["model"]["type"] = json!("Unigram")),
        TokenizerRule::Malformed(_)
    ));
    let mut unigram = unigram();
    unigram["model"]["type"] = json!("BPE");
    assert!(matches!(refusal(&unigram), TokenizerRule::Malformed(_)));
}

#[test]
fn vocabularies_are_bounded_and_unique() {
    assert_eq!(
        refusal_with(|t| {
            t["model"]["vocab"] = json!({});
            t["model"]["merges"] = json!([]);
        }),
        TokenizerRule::EmptyVocabulary
    );
    assert_eq!(
        refusal_with(|t| t["model"]["vocab"]["c"] = json!(TOKEN_ID_LIMIT)),
        TokenizerRule::TokenId {
            token: "c".into(),
            id: TOKEN_ID_LIMIT
        }
    );
    assert_eq!(
        refusal_with(|t| t["model"]["vocab"]["c"] = json!(1)),
        TokenizerRule::DuplicateId {
            id: 1,
            first: "b".into(),
            second: "c".into()
        }
    );
    let twice = byte_pair()
        .to_string()
        .replace("\"c\":2", "\"c\":2,\"c\":9");
    assert_eq!(
        check(twice.as_bytes()).expect_err("a refusal"),
        TokenizerRule::DuplicateToken("c".into())
    );
    for id in [json!(-1), json!(1.5), json!("1"), json!(null)] {
        let rule = refusal_with(|t| t["model"]["vocab"]["c"] = id);
        assert!(matches!(rule, TokenizerRule::Malformed(_)));
    }
    assert!(matches!(
        refusal_with(|t| {
            t["model"]
                .as_object_mut()
                .expect("an object")
                .remove("vocab");
        }),
        TokenizerRule::Missing(_)
    ));
}

#[test]
fn a_hole_in_the_vocabulary_may_not_make_two_tokens_share_an_id() {
    // Five tokens, so the next added one gets id 5.
    assert_eq!(
        refusal_with(|t| t["model"]["vocab"]["c"] = json!(5)),
        TokenizerRule::DuplicateId {
            id: 5,
            first: "c".into(),
            second: "<s>".into()
        }
    );
}

#[test]
fn merges_stay_inside_the_vocabulary() {
    for merge in [json!(["a", "x"]), json!(["x", "a"]), json!(["b", "a"])] {
        let rule = refusal_with(|t| t["model"]["merges"][1] = merge);
        assert!(matches!(rule, TokenizerRule::Merge { place: 1, .. }));
    }
    for merge in [
        json!(["a"]),
        json!(["a", "b", "c"]),
        json!("ab"),
        json!("a b c"),
        json!(3),
    ] {
        let rule = refusal_with(|t| t["model"]["merges"][1] = merge);
        assert!(matches!(rule, TokenizerRule::Malformed(_)), "{rule:?}");
    }
}

#[test]
fn a_merge_shorter_than_the_prefix_is_refused_where_the_library_panics() {
    let mut tokenizer = byte_pair();
    tokenizer["model"]["continuing_subword_prefix"] = json!("####");
    assert!(matches!(refusal(&tokenizer), TokenizerRule::Merge { .. }));
    assert!(!survives_the_library(tokenizer.to_string().as_bytes()));
}

#[test]
fn the_unknown_token_and_dropout_are_checked() {
    assert_eq!(
        refusal_with(|t| t["model"]["unk_token"] = json!("<unk>")),
        TokenizerRule::UnknownToken("<unk>".into())
    );
    let mut unigram = unigram();
    unigram["model"]["unk_id"] = json!(5);
    assert!(matches!(refusal(&unigram), TokenizerRule::UnknownToken(_)));
    assert_eq!(
        refusal_with(|t| t["model"]["dropout"] = json!(0.1)),
        TokenizerRule::Dropout(0.1)
    );
}

#[test]
fn added_tokens_are_bounded() {
    assert!(matches!(
        refusal_with(|t| t["added_tokens"][0]["id"] = json!(TOKEN_ID_LIMIT)),
        TokenizerRule::TokenId { .. }
    ));
    for content in [String::new(), "x".repeat(TEXT_LIMIT_BYTES + 1)] {
        assert!(matches!(
            refusal_with(|t| t["added_tokens"][0]["content"] = json!(content)),
            TokenizerRule::AddedTokenLength { .. }
        ));
    }
    let many = vec![added(0, "a"); ADDED_TOKEN_LIMIT + 1];
    assert!(matches!(
        refusal_with(|t| t["added_tokens"] = json!(many)),
        TokenizerRule::Malformed(_)
    ));
}

#[test]
fn components_are_of_known_types() {
    for field in ["normalizer", "pre_tokenizer", "post_processor", "decoder"] {
        assert!(part_reason(field, json!({"type": "Magic"})).contains("unknown type `Magic`"));
        assert!(part_reason(field, json!({})).contains("without a type"));
        assert!(part_reason(field, json!([])).contains("an object"));
        assert!(part_reason(field, json!({"type": "Sequence"})).contains("without components"));
    }
    let chain = vec![json!({"type": "NFC"}); 64];
    let reason = part_reason(
        "normalizer",
        json!({"type": "Sequence", "normalizers": chain}),
    );
    assert!(reason.contains("chains more than"), "{reason}");
}

#[test]
fn a_character_map_that_asks_for_gigabytes_is_refused() {
    for (normalizer, is_safe) in [
        // A length field of 0xffffffff: the library would reserve 8 GiB.
        (
            json!({"type": "Precompiled", "precompiled_charsmap": "/////w=="}),
            false,
        ),
        // An old-style normaliser is tried as a precompiled one whatever its type says.
        (
            json!({"type": "BertNormalizer", "precompiled_charsmap": "/////w=="}),
            false,
        ),
        (
            json!({"type": "Precompiled", "precompiled_charsmap": "?"}),
            false,
        ),
        (json!({"type": "Precompiled"}), false),
        (
            json!({"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAAA="}),
            true,
        ),
    ] {
        let mut tokenizer = byte_pair();
        tokenizer["normalizer"] = normalizer.clone();
        let result = check(tokenizer.to_string().as_bytes());
        // One unit is no whole block, so even the last one is refused: by its walk, not its form.
        let rule = result.expect_err("a refusal").to_string();
        assert_eq!(rule.contains("points outside"), is_safe, "{rule}");
    }
    for normalizer in [
        json!({"type": "Precompiled", "precompiled_charsmap": "?"}),
        json!({"type": "Precompiled"}),
        json!({"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAAA="}),
    ] {
        let mut tokenizer = byte_pair();
        tokenizer["normalizer"] = normalizer;
        assert!(!survives_the_library(tokenizer.to_string().as_bytes()));
    }
}

#[test]
fn parts_on_which_the_library_panics_are_refused() {
    let hostile = [
        ("pre_tokenizer", json!({"type": "FixedLength", "length": 0})),
        (
            "decoder",
            json!({"type": "Strip", "content": "a", "start": 0, "stop": 9}),
        ),
        (
            "truncation",
            json!({"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 2}),
        ),
        (
            "post_processor",
            json!({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<x>", "type_id": 0}}], "pair": [], "special_tokens": {}}),
        ),
        (
            "post_processor",
            json!({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "B", "type_id": 0}}], "pair": [], "special_tokens": {}}),
        ),
        // The library goes by the fields, not by the type.
        (
            "post_processor",
            json!({"type": "ByteLevel", "single": [{"Sequence": {"id": "B", "type_id": 0}}], "pair": [], "special_tokens": {}}),
        ),
    ];
    for (field, part) in hostile {
        let mut tokenizer = byte_pair();
        tokenizer[field] = part.clone();
        assert!(
            matches!(refusal(&tokenizer), TokenizerRule::Part { .. }),
            "{part}"
        );
        assert!(
            !survives_the_library(tokenizer.to_string().as_bytes()),
            "{part}"
        );
    }
}

#[test]
fn padding_and_truncation_are_bounded() {
    let padding = |strategy: Value| {
        json!({"strategy": strategy, "direction": "Right", "pad_to_multiple_of": null,
            "pad_id": 0, "pad_type_id": 0, "pad_token": "a"})
    };
    assert!(part_reason("padding", padding(json!({"Fixed": u64::MAX}))).contains("pads past"));
    let mut tokenizer = byte_pair();
    tokenizer["padding"] = padding(json!("BatchLongest"));
    tokenizer["truncation"] =
        json!({"direction": "Right", "max_length": 512, "strategy": "LongestFirst", "stride": 0});
    assert_eq!(summary(&tokenizer).vocabulary_size, 6);
    assert!(part_reason("truncation", json!({"max_length": 512})).contains("stride"));
}

#[test]
fn replacements_cannot_grow_a_text_without_bound() {
    let double = json!({"type": "Replace", "pattern": {"String": "a"}, "content": "aa"});
    let chain = |count| json!({"type": "Sequence", "normalizers": vec![double.clone(); count]});
    let mut tokenizer = byte_pair();
    tokenizer["normalizer"] = chain(8);
    assert_eq!(summary(&tokenizer).vocabulary_size, 6);
    assert!(part_reason("normalizer", chain(9)).contains("grow"));
    let long = json!({"type": "Prepend", "prepend": "x".repeat(TEXT_LIMIT_BYTES + 1)});
    assert!(part_reason("normalizer", long).contains("more than 4096 bytes"));
}

#[test]
fn patterns_are_bounded() {
    let split = |regex: &str| json!({"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": false});
    assert!(part_reason("pre_tokenizer", split("((a{99}){99}){99}")).contains("repeats more"));
    assert!(part_reason("pre_tokenizer", split("a{1,99999999999999999999}")).contains("repeats"));
    assert!(part_reason("pre_tokenizer", split(&"a".repeat(5_000))).contains("4096 bytes"));
    let gpt4 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    let mut tokenizer = byte_pair();
    tokenizer["pre_tokenizer"] = split(gpt4);
    assert_eq!(summary(&tokenizer).vocabulary_size, 6);
}

#[test]
fn special_tokens_are_in_range() {
    let template = |ids: Value| {
        json!({"type": "TemplateProcessing", "single": [], "pair": [],
            "special_tokens": {"<s>": {"id": "<s>", "ids": ids, "tokens": ["<s>"]}}})
    };
    assert!(part_reason("post_processor", template(json!([1, 2]))).contains("as many ids"));
    assert!(part_reason("post_processor", template(json!([-1]))).contains("in range"));
    let bert = json!({"type": "BertProcessing", "sep": ["a", 0], "cls": ["b", u64::MAX]});
    assert!(part_reason("post_processor", bert).contains("token cls"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn what_passes_does_not_make_the_library_panic(
        is_unigram in any::<bool>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4),
    ) {
        const CHARACTERS: &[u8] = b"0123456789ab\",:{}[]-. ABsn";
        let mut text = if is_unigram { unigram() } else { byte_pair() }.to_string().into_bytes();
        for (place, character) in changes {
            let place = place.index(text.len());
            text[place] = CHARACTERS[character.index(CHARACTERS.len())];
        }
        if check(&text).is_ok() {
            prop_assert!(survives_the_library(&text), "{}", String::from_utf8_lossy(&text));
        }
    }

    #[test]
    fn swapped_parts_do_not_make_the_library_panic(
        from in 0..PARTS.len(), to in 0..PARTS.len(), into_field in 0..4_usize, number in 0..4_u64,
    ) {
        const FIELDS: [&str; 4] = ["normalizer", "pre_tokenizer", "post_processor", "decoder"];
        let mut tokenizer = byte_pair();
        let mut part: Value = serde_json::from_str(PARTS[from]).expect("valid JSON");
        let donor: Value = serde_json::from_str(PARTS[to]).expect("valid JSON");
        // Fields of one component under the type of another.
        for (name, value) in donor.as_object().expect("an object") {
            let value = if value.is_u64() { json!(number) } else { value.clone() };
            part.as_object_mut().expect("an object").entry(name).or_insert(value);
        }
        tokenizer[FIELDS[into_field]] = part;
        let text = tokenizer.to_string();
        if check(text.as_bytes()).is_ok() {
            prop_assert!(survives_the_library(text.as_bytes()), "{}", text);
        }
    }
}

const PARTS: &[&str] = &[
    r#"{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}"#,
    r#"{"type":"Strip","strip_left":true,"strip_right":true}"#,
    r#"{"type":"Strip","content":"a","start":2,"stop":3}"#,
    r#"{"type":"NFKC"}"#,
    r#"{"type":"Precompiled","precompiled_charsmap":"BAAAAAAAAAA="}"#,
    r#"{"type":"Replace","pattern":{"Regex":"a*"},"content":"ab"}"#,
    r#"{"type":"Prepend","prepend":"a"}"#,
    r#"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}"#,
    r#"{"type":"Metaspace","replacement":"a","prepend_scheme":"always","split":true}"#,
    r#"{"type":"FixedLength","length":0}"#,
    r#"{"type":"Digits","individual_digits":true}"#,
    r#"{"type":"CharDelimiterSplit","delimiter":"a"}"#,
    r#"{"type":"TemplateProcessing","single":[{"Sequence":{"id":"B","type_id":0}}],"pair":[],"special_tokens":{}}"#,
    r#"{"type":"RobertaProcessing","sep":["a",0],"cls":["b",1],"trim_offsets":true,"add_prefix_space":true}"#,
    r#"{"type":"BertProcessing","sep":["a",0],"cls":["b",1]}"#,
    r#"{"type":"WordPiece","prefix":"a","cleanup":true}"#,
    r#"{"type":"CTC","pad_token":"a","word_delimiter_token":"b","cleanup":true}"#,
    r#"{"type":"BPEDecoder","suffix":"a"}"#,
    r#"{"type":"ByteFallback"}"#,
];

#[test]
fn long_tokens_many_merges_and_long_strings_are_refused() {
    let long = "x".repeat(TEXT_LIMIT_BYTES + 1);
    assert_eq!(
        refusal_with(|t| t["model"]["vocab"][&long] = json!(9)),
        TokenizerRule::TokenLength(TEXT_LIMIT_BYTES + 1)
    );
    let many = vec![json!(["a", "b"]); crate::tokenizer_rule::MERGE_LIMIT + 1];
    assert_eq!(
        refusal_with(|t| t["model"]["merges"] = json!(many)),
        TokenizerRule::TooManyMerges
    );
    let endless = "x".repeat(STRING_LIMIT_BYTES + 1);
    let rule = refusal_with(|t| t["version"] = json!(endless));
    assert!(
        matches!(&rule, TokenizerRule::Malformed(reason) if reason.contains("a string has more")),
        "{rule:?}"
    );
}
