use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokenizers::Tokenizer;

use super::*;

/// Enough for every schema below, whose texts all end.
const MOST_TOKENS: usize = 4000;

fn tokenizer() -> Tokenizer {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets");
    Tokenizer::from_file(assets.join("storyteller/tokenizer.json")).unwrap()
}

const VOCABULARY_SIZE: u32 = 3072;
const END_TOKENS: [u32; 2] = [3063, 3067];

fn compiler() -> ConstraintCompiler {
    ConstraintCompiler::new(&tokenizer(), VOCABULARY_SIZE, &END_TOKENS).unwrap()
}

fn schema(schema: &Value) -> OutputConstraint {
    OutputConstraint::JsonSchema(schema.to_string())
}

fn regex(pattern: &str) -> OutputConstraint {
    OutputConstraint::Regex(pattern.to_owned())
}

fn refusal(asked: &OutputConstraint) -> String {
    match compiler().compile(asked) {
        Ok(_) => panic!("{asked:?} was compiled"),
        Err(error) => {
            assert!(error.is_wrong_use(), "{error}");
            error.to_string()
        }
    }
}

/// The text of tokens taken evenly from those allowed, until it is whole.
fn random_text(constraint: &Constraint, seed: u64) -> String {
    let tokens = random_tokens(constraint, seed);
    tokenizer().decode(&tokens, true).unwrap()
}

fn random_tokens(constraint: &Constraint, seed: u64) -> Vec<u32> {
    let mut constraint = constraint.clone();
    let mut random = seed | 1;
    let mut tokens = Vec::new();
    while !constraint.is_complete() && tokens.len() < MOST_TOKENS {
        let allowed = constraint.allowed().unwrap();
        let ids: Vec<u32> = (0..)
            .zip(&allowed)
            .filter(|one| *one.1)
            .map(|one| one.0)
            .collect();
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let token = ids[(random >> 33) as usize % ids.len()];
        constraint.accept(token).unwrap();
        tokens.push(token);
    }
    assert!(
        constraint.is_complete(),
        "no end after {MOST_TOKENS} tokens"
    );
    tokens
}

/// Whether `value` is what the schema, one of those below, asks for.
fn is_valid(schema: &Value, value: &Value) -> bool {
    if let Some(allowed) = schema["enum"].as_array() {
        return allowed.contains(value);
    }
    let within = |low: &str, high: &str, found: i64| {
        let least = schema[low].as_i64().is_none_or(|least| found >= least);
        least && schema[high].as_i64().is_none_or(|most| found <= most)
    };
    match (schema["type"].as_str().unwrap(), value) {
        ("boolean", Value::Bool(_)) => true,
        ("integer", Value::Number(number)) => number
            .as_i64()
            .is_some_and(|number| within("minimum", "maximum", number)),
        ("string", Value::String(text)) => {
            within("minLength", "maxLength", text.chars().count() as i64)
        }
        ("array", Value::Array(items)) => {
            within("minItems", "maxItems", items.len() as i64)
                && items.iter().all(|item| is_valid(&schema["items"], item))
        }
        ("object", Value::Object(fields)) => {
            let properties = schema["properties"].as_object().unwrap();
            let is_field_valid = |name: &String| is_valid(&properties[name], &fields[name]);
            fields.len() == properties.len() && properties.keys().all(is_field_valid)
        }
        _ => false,
    }
}

/// Schemas whose texts are short enough to end by chance.
fn any_schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({"type": "boolean"})),
        Just(json!({"enum": ["fox", "ox", "a \"quoted\" word", 7, null, {"a": [1]}]})),
        (-1000..1000_i64, 0..100_i64).prop_map(
            |(least, more)| json!({"type": "integer", "minimum": least, "maximum": least + more})
        ),
        (0..5_u32, 0..9_u32).prop_map(
            |(least, more)| json!({"type": "string", "minLength": least, "maxLength": least + more})
        ),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let array = (inner.clone(), 0..3_u32, 0..3_u32).prop_map(|(items, least, more)| {
            json!({"type": "array", "items": items, "minItems": least, "maxItems": least + more})
        });
        let object = prop::collection::btree_map("[a-zé\"]{1,6}", inner, 0..4).prop_map(|fields| {
            let names: Vec<&String> = fields.keys().collect();
            json!({"type": "object", "properties": fields, "required": names,
                "additionalProperties": false})
        });
        prop_oneof![array, object]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn whatever_is_drawn_under_a_schema_is_json_that_it_accepts(asked in any_schema(), seed: u64) {
        let constraint = compiler().compile(&schema(&asked)).unwrap();
        for seed in seed..seed.saturating_add(4) {
            let text = random_text(&constraint, seed);
            let value: Value = serde_json::from_str(&text).unwrap();
            prop_assert!(is_valid(&asked, &value), "{} for {}", text, asked);
        }
    }

    #[test]
    fn no_text_makes_the_compiler_panic(text in "\\PC{0,40}") {
        let compiler = compiler();
        let _ = compiler.compile(&OutputConstraint::JsonSchema(text.clone()));
        let _ = compiler.compile(&OutputConstraint::Regex(text));
    }
}

#[test]
fn whatever_is_drawn_under_a_pattern_matches_it_as_a_whole() {
    let compiler = compiler();
    for pattern in [
        "[0-9]{4}-[0-9]{2}-[0-9]{2}",
        "(yes|no|perhaps)",
        "a/b[^c]{1,3}",
        "^[A-Z][a-z]{2,8}( [a-z]{1,8}){0,3}[.!?]$",
        "(?i)stra(ß|ss)e",
        r"\d+\.\d{2} €",
        "",
    ] {
        let constraint = compiler.compile(&regex(pattern)).unwrap();
        let whole = regex::Regex::new(&format!("^(?:{pattern})$")).unwrap();
        for seed in 0..20 {
            let text = random_text(&constraint, seed);
            assert!(whole.is_match(&text), "{text:?} for {pattern}");
        }
    }
}

#[test]
fn a_constraint_that_cannot_be_compiled_is_refused_in_one_sentence() {
    assert_eq!(
        refusal(&regex("(")),
        "the regular expression for the output cannot be used: unclosed group; change it"
    );
    assert!(refusal(&regex(r"\bfox")).contains("lookarounds not supported"));
    assert!(refusal(&regex(r"[^\s\S]")).contains("no text matches it"));
    assert_eq!(
        refusal(&OutputConstraint::JsonSchema("[]".to_owned())),
        "the JSON schema for the output cannot be used: schema must be an object or boolean; change it"
    );
    assert!(refusal(&OutputConstraint::JsonSchema("{".to_owned())).contains("line 1"));
    assert!(refusal(&schema(&json!({"type": "nothing"}))).contains("nothing"));
    assert!(refusal(&schema(&json!({"not": {}}))).contains("not"));
    assert!(refusal(&schema(&json!({"$ref": "#"}))).contains("no text matches it"));
    let unreachable = json!({"$ref": "https://example.com/schema.json"});
    assert!(refusal(&schema(&unreachable)).contains("$ref"));
}

#[test]
fn what_would_take_too_much_is_refused_or_cheap() {
    let nested = |depth| format!("{}{{}}{}", r#"{"items":"#.repeat(depth), "}".repeat(depth));
    let too_long = " ".repeat((1 << 20) + 1);
    assert!(refusal(&OutputConstraint::JsonSchema(nested(5000))).contains("recursion limit"));
    assert!(refusal(&OutputConstraint::JsonSchema(too_long)).contains("at most 1048576"));
    assert!(
        refusal(&regex(&format!(
            "{}a{}",
            "(".repeat(5000),
            ")".repeat(5000)
        )))
        .len()
            < 400
    );
    let compiler = compiler();
    for asked in [
        OutputConstraint::JsonSchema(nested(100)),
        regex("(((a{1000}){1000}){1000}){1000}"),
        regex(&"a".repeat(100_000)),
        regex(".*(a|b){900}c"),
        schema(&json!({"type": "string", "maxLength": 1_000_000_000})),
        schema(&json!({"type": "array", "minItems": 1_000_000_000})),
    ] {
        let mut constraint = compiler.compile(&asked).unwrap();
        assert!(constraint.allowed().unwrap().contains(&true));
    }
}

#[test]
fn an_answer_may_end_where_its_text_is_whole_and_not_before() {
    let mut constraint = compiler().compile(&regex("a{2,3}")).unwrap();
    let a = tokenizer().token_to_id("a").unwrap();
    let may_end = |constraint: &mut Constraint| {
        let allowed = constraint.allowed().unwrap();
        END_TOKENS.map(|token| allowed[token as usize])
    };
    assert_eq!(may_end(&mut constraint), [false; 2]);
    constraint.accept(a).unwrap();
    constraint.accept(a).unwrap();
    assert_eq!(may_end(&mut constraint), [true; 2]);
    assert!(!constraint.is_complete(), "a third may come");
    constraint.accept(a).unwrap();
    assert!(constraint.is_complete());
}

#[test]
fn special_tokens_are_no_text() {
    let mut constraint = compiler().compile(&regex(r"(?s).*")).unwrap();
    let allowed = constraint.allowed().unwrap();
    let tokenizer = tokenizer();
    for name in ["<|user_start|>", "<|assistant_start|>", "<|python_start|>"] {
        let id = tokenizer.token_to_id(name).unwrap();
        assert!(!allowed[id as usize], "{name}");
    }
    let text = allowed.iter().filter(|&&is_allowed| is_allowed).count();
    assert!(text > 2800, "only {text} tokens are text");
}

#[test]
fn a_token_that_was_not_allowed_is_an_error_and_later_constraints_work() {
    let compiler = compiler();
    let asked = regex("a");
    let mut constraint = compiler.compile(&asked).unwrap();
    let b = tokenizer().token_to_id("b").unwrap();
    let error = constraint.accept(b).unwrap_err();
    assert!(matches!(error, EngineError::ConstraintFailed(_)), "{error}");
    assert_eq!(random_text(&compiler.compile(&asked).unwrap(), 1), "a");
}

#[test]
fn without_end_tokens_a_text_is_complete_where_nothing_follows() {
    let compiler = ConstraintCompiler::new(&tokenizer(), VOCABULARY_SIZE, &[]).unwrap();
    let constraint = compiler.compile(&regex("(yes|no)")).unwrap();
    assert!(["yes", "no"].contains(&random_text(&constraint, 3).as_str()));
    let nothing = compiler.compile(&regex("")).err().unwrap().to_string();
    assert!(nothing.contains("no token"), "{nothing}");
}

/// As SentencePiece has it: words with a mark for the space before them, and every byte by its name.
fn marked_tokenizer() -> Tokenizer {
    let bytes = (0..=u8::MAX).map(|byte| format!("<0x{byte:02X}>"));
    let words = [
        "▁", "▁fox", "fox", "▁\"", "\"", ":", "{", "}", ",", "▁owl", "é", "1",
    ];
    let names = bytes.chain(words.map(str::to_owned)).zip(0..);
    let vocabulary: serde_json::Map<String, Value> =
        names.map(|(name, id)| (name, json!(id))).collect();
    let content = json!({
        "model": {"type": "BPE", "vocab": vocabulary, "merges": [], "byte_fallback": true},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
    });
    Tokenizer::from_bytes(content.to_string()).unwrap()
}

#[test]
fn a_vocabulary_of_marked_words_and_bytes_keeps_to_a_schema_too() {
    let tokenizer = marked_tokenizer();
    let compiler = ConstraintCompiler::new(&tokenizer, 268, &[]).unwrap();
    let asked = json!({"type": "object", "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 6}, "age": {"enum": [1, 11]}},
        "required": ["name", "age"], "additionalProperties": false});
    let constraint = compiler.compile(&schema(&asked)).unwrap();
    for seed in 0..40 {
        let text = tokenizer.decode(&random_tokens(&constraint, seed), true);
        let text = text.unwrap();
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text}"));
        assert!(is_valid(&asked, &value), "{text}");
    }
}

#[test]
fn a_pattern_with_more_states_than_memory_ends_in_an_error_and_not_in_a_short_text() {
    let mut constraint = compiler().compile(&regex("(?s).*a.{30}b.{30}c")).unwrap();
    let a = tokenizer().token_to_id("a").unwrap();
    let mut random = 1_u64;
    for _ in 0..100_000 {
        let allowed = match constraint.allowed() {
            Ok(allowed) => allowed,
            Err(error) => {
                assert!(error.to_string().contains("too many states"), "{error}");
                assert!(!constraint.is_complete());
                return;
            }
        };
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let letter = a + (random >> 33) as u32 % 2;
        assert!(allowed[letter as usize]);
        if let Err(error) = constraint.accept(letter) {
            assert!(matches!(error, EngineError::ConstraintFailed(_)), "{error}");
            assert!(!constraint.is_complete());
            return;
        }
    }
    panic!("no limit was met");
}
