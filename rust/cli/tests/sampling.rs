//! The flags that say how tokens are chosen and what an answer must look like.

mod support;

use std::process::Command;

use serde_json::{Value, json};
use support::tiny_model::storyteller;
use support::{headroom, output_of, refusal};

const SCHEMA: &str = r#"{"type": "object", "properties": {"kind": {"enum": ["fox", "owl"]},
    "age": {"type": "integer", "minimum": 0, "maximum": 9}}, "required": ["kind", "age"],
    "additionalProperties": false}"#;

/// Generates from the shipped model, with a seed.
fn generate<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let model = storyteller().into_os_string().into_string().unwrap();
    let model: &'static str = model.leak();
    let fixed = [
        "generate",
        "--seed",
        "1",
        "--prompt",
        "Tell a story.",
        "--model",
        model,
    ];
    fixed.into_iter().chain(more.iter().copied()).collect()
}

fn summary(more: &[&str]) -> Value {
    let arguments = [more, &["--json"]].concat();
    serde_json::from_str(&output_of(generate(&arguments))).unwrap()
}

#[test]
fn a_schema_is_given_as_text_or_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("animal.json");
    std::fs::write(&file, SCHEMA).unwrap();
    let at_file = format!("@{}", file.display());
    let answer = |schema| output_of(generate(&["--temp", "1", "--json-schema", schema]));
    let said = answer(SCHEMA);
    let found: Value = serde_json::from_str(&said).unwrap();
    assert!(
        ["fox", "owl"].contains(&found["kind"].as_str().unwrap()),
        "{said}"
    );
    assert!((0..=9).contains(&found["age"].as_i64().unwrap()), "{said}");
    assert_eq!(answer(&at_file), said);
}

#[test]
fn an_answer_matches_the_pattern() {
    let said = output_of(generate(&["--regex", "(yes|no), [a-z]{3}"]));
    let (first, second) = said.trim_end().split_once(", ").unwrap();
    assert!(
        ["yes", "no"].contains(&first) && second.len() == 3,
        "{said}"
    );
}

#[test]
fn log_probabilities_are_in_the_json_when_asked_for() {
    let found = summary(&["--max-tokens", "3", "--top-logprobs", "2"]);
    let logprobs = found["logprobs"].as_array().unwrap();
    assert_eq!(logprobs.len(), 3);
    for (one, token) in logprobs.iter().zip(found["tokens"].as_array().unwrap()) {
        assert_eq!(&one["token"], token);
        assert_eq!(
            one["top"][0],
            json!({"token": token, "logprob": one["logprob"]})
        );
        assert_eq!(one["top"].as_array().unwrap().len(), 2);
    }
    assert_eq!(summary(&["--max-tokens", "3"]).get("logprobs"), None);
}

#[test]
fn biases_and_penalties_change_what_is_written() {
    let only = summary(&[
        "--max-tokens",
        "4",
        "--logit-bias",
        "40=100",
        "--logit-bias",
        "41=-100",
    ]);
    assert_eq!(only["tokens"], json!([40, 40, 40, 40]));
    let biased = ["--max-tokens", "4", "--logit-bias", "40=100"];
    for penalty in ["--presence-penalty", "--frequency-penalty"] {
        let penalised = summary(&[&biased[..], &[penalty, "100"]].concat());
        assert_ne!(penalised["tokens"], only["tokens"], "{penalty}");
    }
    let kept = summary(&["--max-tokens", "4", "--presence-penalty", "-100"]);
    assert_eq!(kept["generated_tokens"], 4);
}

#[test]
fn an_answer_has_the_fewest_tokens_asked_for() {
    // What ends an answer of the shipped model.
    let ended = ["--max-tokens", "9", "--logit-bias", "3067=100"];
    assert_eq!(summary(&ended)["generated_tokens"], 1);
    let longer = summary(&[&ended[..], &["--min-tokens", "5"]].concat());
    assert_eq!(longer["generated_tokens"], 6);
}

#[test]
fn what_cannot_be_meant_is_wrong_use() {
    for (more, part) in [
        (vec!["--presence-penalty", "101"], "presence_penalty"),
        (vec!["--frequency-penalty", "NaN"], "frequency_penalty"),
        (vec!["--logit-bias", "5=200"], "logit_bias"),
        (vec!["--logit-bias", "3072=1"], "3071"),
        (vec!["--logit-bias", "5"], "`=`"),
        (vec!["--logit-bias", "fox=1"], "id"),
        (vec!["--logit-bias", "1=fox"], "number"),
        (vec!["--min-tokens", "257"], "min_tokens"),
        (vec!["--top-logprobs", "21", "--json"], "top_logprobs"),
        (vec!["--top-logprobs", "2"], "required"),
        (vec!["--regex", "("], "regular expression"),
        (vec!["--json-schema", "{"], "JSON schema"),
        (vec!["--json-schema", "@no-such-file"], "no-such-file"),
        (vec!["--json-schema", "{}", "--regex", "a"], "--regex"),
    ] {
        let mut command: Command = headroom(generate(&more));
        let refused = refusal(&mut command);
        assert_eq!(refused.exit_code, 2, "{more:?}");
        assert!(
            refused.sentence.contains(part),
            "{more:?}: {}",
            refused.sentence
        );
    }
}
