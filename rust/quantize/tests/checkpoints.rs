//! Checkpoints of every family become others that hold what MLX's own quantisation makes of them.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use headroom_formats::{Checkpoint, LayerQuantization, QuantizedLayout};
use headroom_mlx::ops::{dequantize, quantize};
use headroom_mlx::{Array, bytes_of_array};
use headroom_models::{CacheLayout, EmbeddingPlacement, LogitRows, contents, open, read_tensor};
use headroom_quantize::{QuantizeError, Recipe, Report, Request, rewrite};

const EIGHT: QuantizedLayout = QuantizedLayout {
    bits: 8,
    group_size: 32,
};

fn case(name: &str) -> PathBuf {
    headroom_mlx::start().unwrap();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
    cases.join(name).join("model")
}

fn rewritten(model: &Path, output: &Path, recipe: Recipe) -> Result<Report, QuantizeError> {
    let request = Request {
        model: model.to_owned(),
        output: output.to_owned(),
        recipe,
    };
    rewrite(&request, &mut |_| ControlFlow::Continue(()))
}

fn logits(model: &Path) -> Vec<f32> {
    let go_on = &mut |_| ControlFlow::Continue(());
    let model = open(model, EmbeddingPlacement::Memory, go_on).unwrap();
    let tokens = Array::from_slice(&[5u32, 17, 3, 30], &[1, 4]);
    let mut cache = model.new_cache(CacheLayout::Simple);
    let logits = model.forward(&tokens, &mut [&mut cache], LogitRows::All);
    logits.unwrap().to_vec_exact::<f32>().unwrap()
}

fn difference(actual: &[f32], expected: &[f32]) -> f32 {
    let largest = expected.iter().fold(0f32, |most, it| most.max(it.abs()));
    let pairs = actual.iter().zip(expected);
    pairs.fold(0f32, |most, (a, e)| most.max((a - e).abs())) / largest
}

#[test]
fn every_family_is_quantised_and_runs() {
    for name in [
        "llama-bfloat16-tied",
        "qwen3-bfloat16",
        "smollm3-bfloat16-tied",
        "phi3-bfloat16-tied",
        "openelm-bfloat16",
        "gemma3_text-bfloat16-tied",
        "gemma3-bfloat16",
        "gemma3n-bfloat16",
        "nanochat-bfloat16",
    ] {
        let directory = tempfile::tempdir().unwrap();
        let output = directory.path().join("eight");
        let report = rewritten(&case(name), &output, Recipe::Affine(EIGHT)).unwrap();
        assert!(report.bytes_after < report.bytes_before, "{name}");
        let close = difference(&logits(&output), &logits(&case(name)));
        assert!(close < 0.2, "{name}: {close}");
    }
}

#[test]
fn every_matrix_is_what_mlx_makes_of_it() {
    let model = case("llama-float32");
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("packed");
    rewritten(&model, &output, Recipe::Affine(EIGHT)).unwrap();
    let before = contents(&model).unwrap();
    let after = Checkpoint::open(&output).unwrap();
    let mut packed = 0;
    for matrix in &before.matrices {
        let name = |part: &str| format!("{}.{part}", matrix.layer);
        if !after.contains(&name("scales")) {
            assert_ne!(matrix.inputs % 32, 0, "{}", matrix.layer);
            continue;
        }
        let weight = read_tensor(&before.checkpoint, &name("weight")).unwrap();
        let (weight, scales, biases) = quantize(weight, 32, 8).unwrap();
        for (part, expected) in [("weight", weight), ("scales", scales), ("biases", biases)] {
            let expected = bytes_of_array(&expected).unwrap();
            assert_eq!(after.read(&name(part)).unwrap(), expected, "{}", name(part));
        }
        packed += 1;
    }
    assert!(packed > 10, "{packed}");
}

#[test]
fn what_was_packed_can_be_unpacked_and_packed_anew() {
    let model = case("llama-4-bit-group-64");
    let directory = tempfile::tempdir().unwrap();
    let [dense, packed] = ["dense", "packed"].map(|name| directory.path().join(name));
    rewritten(&model, &dense, Recipe::Dense).unwrap();
    rewritten(&model, &packed, Recipe::Affine(EIGHT)).unwrap();
    let (before, after) = (contents(&model).unwrap(), contents(&dense).unwrap());
    for matrix in &before.matrices {
        let part = |part: &str| {
            read_tensor(&before.checkpoint, &format!("{}.{part}", matrix.layer)).unwrap()
        };
        let expected = dequantize(part("weight"), part("scales"), &part("biases"), 64, 4).unwrap();
        let found = after
            .checkpoint
            .read(&format!("{}.weight", matrix.layer))
            .unwrap();
        assert_eq!(
            found,
            bytes_of_array(&expected).unwrap(),
            "{}",
            matrix.layer
        );
    }
    assert!(
        after
            .matrices
            .iter()
            .all(|matrix| matrix.stored_as == LayerQuantization::Dense)
    );
    assert!(difference(&logits(&packed), &logits(&dense)) < 0.1);
}

#[test]
fn what_changes_nothing_or_lies_in_the_way_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("out");
    let four = QuantizedLayout {
        bits: 4,
        group_size: 64,
    };
    let same = rewritten(&case("llama-4-bit-group-64"), &output, Recipe::Affine(four));
    assert!(matches!(same, Err(QuantizeError::NothingToQuantize { .. })));
    let dense = rewritten(&case("llama-float32"), &output, Recipe::Dense);
    assert!(matches!(dense, Err(QuantizeError::NotQuantized { .. })));
    fs::create_dir(&output).unwrap();
    let there = rewritten(&case("llama-float32"), &output, Recipe::Affine(EIGHT));
    assert!(matches!(there, Err(QuantizeError::OutputExists { .. })));
}

#[test]
fn a_rewriting_that_is_stopped_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let request = Request {
        model: case("llama-float32"),
        output: directory.path().join("out"),
        recipe: Recipe::Affine(EIGHT),
    };
    let stopped = rewrite(&request, &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(QuantizeError::Cancelled)));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}
