//! `headroom train tokenizer`: a tokenizer that can be used at once, or a sentence and nothing.

mod support;

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::{headroom, output_of, refusal};

const TEXT: &str =
    "The fox ran home.\n<|endoftext|>\nThe birds sang.\n<|endoftext|>\nThis one validates.\n";

fn train(data: &Path, output: &Path, more: &[&str]) -> Vec<String> {
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let mut arguments = ["train", "tokenizer", "--data"].map(str::to_owned).to_vec();
    arguments.extend([path(data), "--output".to_owned(), path(output)]);
    arguments.extend(more.iter().map(|&word| word.to_owned()));
    arguments
}

#[test]
fn text_becomes_a_directory_of_a_tokenizer() {
    let directory = tempfile::tempdir().unwrap();
    let [data, output, other] =
        ["text.txt", "out", "other"].map(|name| directory.path().join(name));
    fs::write(&data, TEXT).unwrap();
    let sentence = output_of(train(&data, &output, &["--vocab", "270"]));
    assert!(sentence.contains("270 tokens, learned from"), "{sentence}");
    assert!(sentence.contains("in 2 documents"), "{sentence}");
    for name in [
        "tokenizer.json",
        "tokenizer_config.json",
        "generation_config.json",
        "token_bytes.json",
    ] {
        assert!(output.join(name).is_file(), "{name}");
    }
    let report = output_of(train(&data, &other, &["--vocab", "9999", "--json"]));
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["documents"], 2);
    assert!(report["vocabulary_size"].as_u64().unwrap() < 400);
}

#[test]
fn what_cannot_be_done_is_one_sentence_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let [data, output] = ["text.txt", "out"].map(|name| directory.path().join(name));
    fs::write(&data, TEXT).unwrap();
    let refused = |data: &Path, more: &[&str]| {
        let refusal = refusal(&mut headroom(train(data, &output, more)));
        assert!(!output.exists());
        (refusal.exit_code, refusal.sentence)
    };
    let (code, sentence) = refused(&data, &["--vocab", "100"]);
    assert!(code == 2 && sentence.contains("give 265"), "{sentence}");
    let (code, sentence) = refused(&directory.path().join("missing"), &[]);
    assert!(code == 1 && sentence.contains("cannot read"), "{sentence}");
    fs::write(&data, "\n\n").unwrap();
    let (code, sentence) = refused(&data, &[]);
    assert!(
        code == 1 && sentence.contains("single document"),
        "{sentence}"
    );
    fs::write(&data, b"gr\xfc\xdfe\n<|endoftext|>\nThe last.\n").unwrap();
    let (code, sentence) = refused(&data, &["--strict"]);
    assert!(code == 1 && sentence.contains("is not UTF-8"), "{sentence}");
    let (code, sentence) = refused(&data, &[]);
    assert!(
        code == 1 && sentence.contains("no text to learn from"),
        "{sentence}"
    );
    fs::create_dir(&output).unwrap();
    let refusal = refusal(&mut headroom(train(&data, &output, &[])));
    assert_eq!(refusal.exit_code, 2);
    assert!(refusal.sentence.contains("is there already"));
    let left = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 2, "the text and the directory that was there");
}
