//! `headroom debug logits` gives the golden logits, however the ids are fed.

mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use support::tiny_model::golden_case;
use support::{headroom, output_of};

/// Largest difference allowed, as a share of the largest expected logit.
const TOLERANCE: f32 = 1e-3;

/// A tensor's shape and its little-endian 32-bit words.
fn words(file: &Path, name: &str, dtype: Dtype) -> (Vec<usize>, Vec<[u8; 4]>) {
    let bytes = fs::read(file).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensor = file.tensor(name).unwrap();
    assert_eq!(tensor.dtype(), dtype);
    let words = tensor.data().chunks_exact(4);
    (
        tensor.shape().to_vec(),
        words.map(|word| word.try_into().unwrap()).collect(),
    )
}

fn logits(file: &Path, name: &str) -> (Vec<usize>, Vec<f32>) {
    let (shape, words) = words(file, name, Dtype::F32);
    (shape, words.into_iter().map(f32::from_le_bytes).collect())
}

fn assert_golden(case: &str, flags: &[&str], expected_name: &str) {
    assert_golden_in(case, flags, "expected.safetensors", expected_name);
}

/// Where the tensor `expected_name` of the case's `file` is what must come out.
fn assert_golden_in(case: &str, flags: &[&str], expected_file: &str, expected_name: &str) {
    let directory = golden_case(case);
    let golden = directory.join(expected_file);
    let prompt = directory.join("expected.safetensors");
    let (_, tokens) = words(&prompt, "tokens", Dtype::I32);
    let tokens: Vec<String> = tokens
        .into_iter()
        .map(|word| i32::from_le_bytes(word).to_string())
        .collect();
    let outputs = tempfile::tempdir().unwrap();
    let file = outputs.path().join("logits.safetensors");
    let mut command = headroom(["debug", "logits", "--tokens", &tokens.join(",")]);
    command.arg("--model").arg(directory.join("model"));
    let output = command.arg("--output").arg(&file).args(flags).output();
    assert!(output.unwrap().status.success(), "{case}");

    let (expected_shape, expected) = logits(&golden, expected_name);
    let (shape, actual) = logits(&file, "logits");
    assert_eq!(shape, expected_shape);
    let largest = expected
        .iter()
        .fold(0.0, |most: f32, value| most.max(value.abs()));
    for (actual, expected) in actual.iter().zip(&expected) {
        let difference = (actual - expected).abs();
        assert!(
            difference <= TOLERANCE * largest,
            "{case} {flags:?}: {actual} for {expected}"
        );
    }
    assert_eq!(fs::read_dir(outputs.path()).unwrap().count(), 1);
}

#[test]
fn logits_are_the_golden_ones_however_the_ids_are_fed() {
    for case in [
        "llama-float32",
        "llama-sharded",
        "llama-rope-llama3",
        "llama-4-bit-group-64",
        "qwen3-bfloat16",
        "qwen3-4-bit-group-64-tied",
        "qwen3-quantized-overrides-tied",
    ] {
        assert_golden(case, &[], "logits");
        assert_golden(case, &["--chunk", "1"], "step_logits");
        assert_golden(case, &["--chunk", "5"], "logits");
        assert_golden(case, &["--chunk", "4000000000"], "logits");
    }
}

#[test]
fn every_cache_gives_what_mlx_lm_gives_through_its_own() {
    for case in ["llama-caches", "qwen3-caches"] {
        for (flags, run) in [
            ("--chunk 1 --max-kv-size 16", "rotating"),
            ("--chunk 1 --kv-chunk-size 12", "chunked"),
            ("--kv-chunk-size 12", "chunked-at-once"),
            (
                "--chunk 1 --kv-bits 8 --kv-group-size 32",
                "quantized-8-bit-group-32-from-0",
            ),
            (
                "--chunk 1 --kv-bits 3 --quantized-kv-start 10",
                "quantized-3-bit-group-64-from-10",
            ),
        ] {
            let flags: Vec<_> = flags.split(' ').collect();
            assert_golden_in(case, &flags, "caches.safetensors", run);
        }
    }
}

#[test]
fn a_bound_and_chunks_are_not_asked_for_together() {
    let output = headroom([
        "debug", "logits", "--tokens", "1", "--model", "x", "--output", "y",
    ])
    .args(["--max-kv-size", "16", "--kv-chunk-size", "16"])
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn an_earlier_result_is_replaced_and_the_file_is_like_any_other() {
    let outputs = tempfile::tempdir().unwrap();
    let [file, other] = ["logits.safetensors", "other"].map(|name| outputs.path().join(name));
    fs::write(&other, "").unwrap();
    let model = golden_case("llama-float32").join("model");
    for tokens in ["1,2", "3"] {
        let arguments = ["debug", "logits", "--tokens", tokens, "--model"].map(OsStr::new);
        let paths = [model.as_os_str(), "--output".as_ref(), file.as_os_str()];
        output_of(arguments.into_iter().chain(paths));
    }
    assert_eq!(logits(&file, "logits").0, [1, 96]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&file), mode(&other));
}
