//! `headroom quantize`: what is written can be used at once, and what is wrong leaves nothing.

mod support;

use std::path::Path;

use serde_json::Value;
use support::tiny_model::storyteller;
use support::{headroom, output_of, refusal};

fn quantize(model: &Path, output: &Path, more: &[&str]) -> Vec<String> {
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let mut arguments = vec!["quantize".to_owned(), "--model".to_owned(), path(model)];
    arguments.extend(["--output".to_owned(), path(output)]);
    arguments.extend(more.iter().map(|&word| word.to_owned()));
    arguments
}

fn text_of(model: &Path) -> String {
    let model = model.to_str().unwrap();
    output_of([
        "generate",
        "--max-tokens",
        "8",
        "--prompt",
        "A story.",
        "--model",
        model,
    ])
}

#[test]
fn the_shipped_model_goes_to_sixteen_bits_and_back_and_says_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let [dense, packed] = ["dense", "packed"].map(|name| directory.path().join(name));
    let report = output_of(quantize(
        &storyteller(),
        &dense,
        &["--dequantize", "--json"],
    ));
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["bits_per_weight_after"], 16.0);
    assert!(report["bytes_after"].as_u64() > report["bytes_before"].as_u64());
    let sentence = output_of(quantize(
        &dense,
        &packed,
        &["--bits", "8", "--group-size", "32"],
    ));
    assert!(
        sentence.contains("bits per weight from 16.00"),
        "{sentence}"
    );
    assert_eq!(text_of(&dense), text_of(&storyteller()));
    assert!(!text_of(&packed).is_empty());
}

#[test]
fn what_cannot_be_done_is_one_sentence_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("out");
    for (model, output, more, expected) in [
        (
            storyteller(),
            output.clone(),
            &["--bits", "4"][..],
            "already",
        ),
        (
            storyteller(),
            directory.path().to_owned(),
            &[],
            "is there already",
        ),
        (
            directory.path().join("none"),
            output.clone(),
            &[],
            "there is no directory",
        ),
    ] {
        let refusal = refusal(&mut headroom(quantize(&model, &output, more)));
        assert!(refusal.sentence.contains(expected), "{}", refusal.sentence);
    }
    assert!(!output.exists());
    let wrong = refusal(&mut headroom(quantize(
        &storyteller(),
        &output,
        &["--bits", "7"],
    )));
    assert_eq!(wrong.exit_code, 2);
}
