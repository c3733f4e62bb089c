//! Answers that must look a certain way do, whatever the model would rather write.

mod support;

use headroom_engine::{EngineError, OutputConstraint, StopReason};
use serde_json::{Value, json};
use support::tiny_model::{TinyModel, storyteller};
use support::{generate, load, parameters, text};

const PROMPT: &str = "Once upon a time there was a fox who";

fn schema(schema: &Value) -> Option<OutputConstraint> {
    Some(OutputConstraint::JsonSchema(schema.to_string()))
}

fn regex(pattern: &str) -> Option<OutputConstraint> {
    Some(OutputConstraint::Regex(pattern.to_owned()))
}

/// An animal with everything that a schema is asked for most: nested objects, an array with bounds, an
/// enumeration, texts and numbers with limits.
fn animal() -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 2, "maxLength": 8},
            "kind": {"enum": ["fox", "owl", "hare"]},
            "age": {"type": "integer", "minimum": 0, "maximum": 12},
            "home": {
                "type": "object",
                "properties": {"depth": {"type": "integer", "minimum": 1, "maximum": 9}},
                "required": ["depth"], "additionalProperties": false,
            },
            "friends": {
                "type": "array", "minItems": 1, "maxItems": 2,
                "items": {"type": "string", "maxLength": 6},
            },
        },
        "required": ["name", "kind", "age", "home", "friends"],
        "additionalProperties": false,
    })
}

fn assert_is_animal(text: &str) {
    let found: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e} in {text}"));
    let length = |value: &Value| value.as_str().unwrap().chars().count();
    let friends = found["friends"].as_array().unwrap();
    assert_eq!(found.as_object().unwrap().len(), 5, "{text}");
    assert!((2..=8).contains(&length(&found["name"])), "{text}");
    assert!(["fox", "owl", "hare"].contains(&found["kind"].as_str().unwrap()));
    assert!((0..=12).contains(&found["age"].as_i64().unwrap()), "{text}");
    assert!((1..=9).contains(&found["home"]["depth"].as_i64().unwrap()));
    assert!((1..=2).contains(&friends.len()) && friends.iter().all(|one| length(one) <= 6));
}

#[test]
fn every_answer_under_a_schema_is_what_the_schema_asks_for() {
    let model = load(&storyteller());
    for seed in 0..3 {
        let summary = generate(&model, PROMPT, |p| {
            (p.max_tokens, p.temperature, p.seed) = (600, 1.0, Some(seed));
            p.constraint = schema(&animal());
        });
        assert_eq!(summary.stop_reason, StopReason::Stop, "{}", summary.text);
        assert_is_animal(&summary.text);
    }
}

#[test]
fn a_model_of_noise_without_end_tokens_keeps_to_a_schema_and_stops_when_it_is_whole() {
    for case in ["llama-float32", "qwen3-4-bit-group-64-tied"] {
        let tiny = TinyModel::of(case);
        // The usual vocabulary of these models ends before the braces.
        let mut tokenizer = support::tiny_model::tokenizer(96);
        for (name, id) in [("{", 94), ("}", 95)] {
            let names = tokenizer["model"]["vocab"].as_object_mut().unwrap();
            names.retain(|_, taken| *taken != json!(id));
            names.insert(name.to_owned(), json!(id));
        }
        tiny.write_json("tokenizer.json", &tokenizer);
        let model = load(tiny.path());
        for seed in 0..12 {
            let summary = generate(&model, "abc", |p| {
                (p.max_tokens, p.temperature, p.seed) = (900, 1.0, Some(seed));
                p.constraint = schema(&animal());
            });
            assert_eq!(summary.stop_reason, StopReason::Stop, "{}", summary.text);
            assert_is_animal(&summary.text);
        }
    }
}

#[test]
fn an_answer_under_a_pattern_matches_it() {
    let model = load(&storyteller());
    let pattern = "[A-Z][a-z]{2,9} went to the (wood|river|hill)\\.";
    let whole = regex::Regex::new(&format!("^{pattern}$")).unwrap();
    for seed in 0..4 {
        let summary = generate(&model, PROMPT, |p| {
            (p.max_tokens, p.temperature, p.seed) = (100, 1.0, Some(seed));
            p.constraint = regex(pattern);
        });
        assert_eq!(summary.stop_reason, StopReason::Stop);
        assert!(whole.is_match(&summary.text), "{}", summary.text);
    }
}

#[test]
fn the_same_seed_gives_the_same_constrained_answer() {
    let model = load(&storyteller());
    let draw = || {
        generate(&model, PROMPT, |p| {
            p.temperature = 1.0;
            p.constraint = regex("[a-z ]{40}");
        })
    };
    assert_eq!(draw().tokens, draw().tokens);
}

#[test]
fn what_is_cut_short_is_the_beginning_of_a_text() {
    let model = load(&storyteller());
    let summary = generate(&model, PROMPT, |p| {
        p.max_tokens = 3;
        p.constraint = regex("(yes ){8}");
    });
    assert_eq!(summary.stop_reason, StopReason::Length);
    assert!("yes ".repeat(8).starts_with(&summary.text) && !summary.text.is_empty());
}

#[test]
fn the_token_that_makes_a_text_whole_ends_the_answer_even_where_it_is_the_last_allowed() {
    let model = load(&storyteller());
    let tokens = generate(&model, PROMPT, |p| p.constraint = regex("yes"));
    assert_eq!(
        (tokens.text.as_str(), tokens.stop_reason),
        ("yes", StopReason::Stop)
    );
    let exact = generate(&model, PROMPT, |p| {
        p.max_tokens = tokens.tokens.len() as u32;
        p.constraint = regex("yes");
    });
    assert_eq!(exact.stop_reason, StopReason::Stop);
}

#[test]
fn the_fewest_tokens_do_not_break_a_constraint() {
    let model = load(&storyteller());
    let summary = generate(&model, PROMPT, |p| {
        p.min_tokens = 20;
        p.constraint = regex("(fox )+");
    });
    assert!(summary.tokens.len() >= 20);
    assert_eq!(
        summary.text.replace("fox ", "").trim_end(),
        summary.text.rsplit("fox ").next().unwrap()
    );
    let whole = generate(&model, PROMPT, |p| {
        p.min_tokens = 20;
        p.constraint = regex("fox");
    });
    assert_eq!(
        (whole.text.as_str(), whole.stop_reason),
        ("fox", StopReason::Stop)
    );
}

#[test]
fn after_a_constraint_that_cannot_be_compiled_the_model_goes_on() {
    let model = load(&storyteller());
    let free = generate(&model, PROMPT, |_| ()).tokens;
    for constraint in [regex("("), schema(&json!({"type": "nothing"}))] {
        let asked = parameters(|p| p.constraint = constraint);
        let error = model.generate(&text(PROMPT), &asked).unwrap_err();
        assert!(matches!(error, EngineError::Constraint { .. }), "{error}");
        assert!(error.is_wrong_use());
    }
    assert_eq!(generate(&model, PROMPT, |_| ()).tokens, free);
}

#[test]
fn a_tokenizer_that_does_not_tell_its_bytes_is_refused_by_name() {
    let tiny = TinyModel::of("llama-float32");
    let mut tokenizer = support::tiny_model::tokenizer(96);
    tokenizer["decoder"] = json!({"type": "WordPiece", "prefix": "##", "cleanup": true});
    tiny.write_json("tokenizer.json", &tokenizer);
    let asked = parameters(|p| p.constraint = regex("a"));
    let error = load(tiny.path())
        .generate(&text("abc"), &asked)
        .unwrap_err();
    assert!(error.to_string().contains("tokenizer.json"), "{error}");
}
