//! `headroom quantize`: what is written can be used at once, and what is wrong leaves nothing.

mod support;

use std::path::Path;

use safetensors::{Dtype, SafeTensors};
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

/// Text of the kind that the shipped model has learned.
fn sample() -> String {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/make/sample.txt");
    sample.to_str().unwrap().to_owned()
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
fn a_model_or_output_that_cannot_be_is_one_sentence_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("out");
    let refused = |model: &Path, output: &Path, more: &[&str], expected: &str| {
        let refusal = refusal(&mut headroom(quantize(model, output, more)));
        assert!(refusal.sentence.contains(expected), "{}", refusal.sentence);
    };
    refused(&storyteller(), &output, &["--bits", "4"], "already");
    refused(&storyteller(), directory.path(), &[], "is there already");
    let none = directory.path().join("none");
    refused(&none, &output, &[], "there is no directory");
    assert!(!output.exists());
}

/// Checks that these arguments are wrong use, and that the sentence says so.
fn refuses(line: &str, more: &[&str], expected: &str) {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("out");
    let arguments: Vec<_> = line
        .split_whitespace()
        .chain(more.iter().copied())
        .collect();
    let wrong = refusal(&mut headroom(quantize(&storyteller(), &output, &arguments)));
    assert!(wrong.sentence.contains(expected), "{}", wrong.sentence);
    assert_eq!(wrong.exit_code, 2, "{}", wrong.sentence);
    assert!(!output.exists());
}

#[test]
fn layouts_that_no_mode_has_are_wrong_use() {
    for (line, expected) in [
        (
            "--mode mxfp4 --bits 8",
            "mode mxfp4 has 4 bits in groups of 32 only",
        ),
        (
            "--mode affine --group-size 16",
            "in groups of 32, 64 or 128",
        ),
        ("--bits 7", "invalid value '7'"),
        ("--bits 8 --dtype float64", "invalid value 'float64'"),
    ] {
        refuses(line, &[], expected);
    }
}

#[test]
fn targets_that_cannot_be_met_are_wrong_use() {
    refuses(
        "--target-bits 3",
        &[],
        "required arguments were not provided",
    );
    for (line, expected) in [
        ("--target-bits none", "such as 4.5"),
        ("--target-bits 1", "out of reach"),
        ("--target-bits 9", "leaves nothing to do"),
        (
            "--target-bits 3 --group-size 16",
            "in groups of 32, 64 or 128",
        ),
        ("--target-bits 3 --calibration-tokens 9", "9 tokens"),
    ] {
        refuses(line, &["--calibration", &sample()], expected);
    }
}

/// Whether all tensors of a written model that are not packed have a type.
fn is_all(model: &Path, dtype: Dtype) -> bool {
    let bytes = std::fs::read(model.join("model.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap().tensors();
    let mut types = tensors.iter().map(|(_, tensor)| tensor.dtype());
    types.all(|found| found == dtype || found == Dtype::U32)
}

#[test]
fn numbers_that_are_not_packed_have_the_type_that_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let [wide, uniform, mixed] =
        ["wide", "uniform", "mixed"].map(|name| directory.path().join(name));
    output_of(quantize(
        &storyteller(),
        &wide,
        &["--dequantize", "--dtype", "float32"],
    ));
    assert!(is_all(&wide, Dtype::F32));
    output_of(quantize(
        &wide,
        &uniform,
        &["--bits", "8", "--dtype", "float16"],
    ));
    assert!(is_all(&uniform, Dtype::F16));
    let (calibration, target) = (sample(), "--target-bits 5 --calibration-tokens 256");
    let mut more: Vec<_> = target.split(' ').collect();
    more.extend([
        "--calibration",
        &calibration,
        "--dtype",
        "bfloat16",
        "--json",
    ]);
    let report: Value = serde_json::from_str(&output_of(quantize(&wide, &mixed, &more))).unwrap();
    assert!(is_all(&mixed, Dtype::BF16));
    assert!(report["bits_per_weight_after"].as_f64().unwrap() <= 5.0);
    for model in [&uniform, &mixed] {
        assert!(!text_of(model).is_empty());
    }
}

#[test]
fn a_floating_mode_is_written_and_used_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("mxfp8");
    let arguments = quantize(&storyteller(), &output, &["--mode", "mxfp8", "--json"]);
    let report: Value = serde_json::from_str(&output_of(arguments)).unwrap();
    let bits = report["bits_per_weight_after"].as_f64().unwrap();
    assert!((8.25..8.3).contains(&bits), "{bits}");
    assert!(!text_of(&output).is_empty());
}

#[test]
fn measured_bits_predict_a_text_better_than_as_many_everywhere() {
    let directory = tempfile::tempdir().unwrap();
    let [text, mixed, uniform] =
        ["text", "mixed", "uniform"].map(|name| directory.path().join(name));
    // Another part of the sample than the one that is measured on.
    let sample_text = std::fs::read_to_string(sample()).unwrap();
    let held_out = sample_text.get(80_000..82_000).unwrap();
    std::fs::write(&text, held_out).unwrap();
    let written = |output: &Path, more: &[&str]| -> Value {
        let more = [more, &["--json", "--evaluate", text.to_str().unwrap()]].concat();
        let report = output_of(quantize(&storyteller(), output, &more));
        serde_json::from_str(&report).unwrap()
    };
    let three = written(&uniform, &["--bits", "3"]);
    let bits = three["bits_per_weight_after"].to_string();
    let calibration = ["--calibration", &sample(), "--calibration-tokens", "256"];
    let three_on_average = written(
        &mixed,
        &[&["--target-bits", &bits], &calibration[..]].concat(),
    );
    let figure = |report: &Value, name: &str| report[name].as_f64().unwrap();
    let size = |report: &Value| figure(report, "bytes_after");
    assert!(size(&three_on_average) <= size(&three));
    let bits_per_byte = |report: &Value| figure(&report["evaluation_after"], "bits_per_byte");
    let (mixed, uniform) = (bits_per_byte(&three_on_average), bits_per_byte(&three));
    assert!(mixed < uniform, "{mixed} is not below {uniform}");
    let matrices = three_on_average["mixed"]["matrices"].as_array().unwrap();
    assert_eq!(matrices.len(), 26);
}
