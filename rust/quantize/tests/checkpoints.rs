//! Checkpoints of every family become others that hold what MLX's own quantisation makes of them.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use headroom_formats::{Checkpoint, Dtype, FloatingLayout, LayerQuantization, QuantizedLayout};
use headroom_mlx::ops::{dequantize, quantize};
use headroom_mlx::{Array, FloatingMatrix, FloatingMode, bytes_of_array};
use headroom_models::{
    CacheLayout, EmbeddingPlacement, LogitRows, StoredMatrix, contents, open, read_tensor,
};
use headroom_quantize::{FloatDtype, QuantizeError, Recipe, Report, Request, rewrite};

fn eight() -> Recipe {
    Recipe::Uniform(QuantizedLayout::affine(8, 32).unwrap())
}

fn case(name: &str) -> PathBuf {
    headroom_mlx::start().unwrap();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
    cases.join(name).join("model")
}

fn rewritten(model: &Path, output: &Path, recipe: Recipe) -> Result<Report, QuantizeError> {
    rewritten_as(model, output, recipe, None)
}

fn rewritten_as(
    model: &Path,
    output: &Path,
    recipe: Recipe,
    dtype: Option<FloatDtype>,
) -> Result<Report, QuantizeError> {
    let request = Request {
        model: model.to_owned(),
        output: output.to_owned(),
        recipe,
        dtype,
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
        let report = rewritten(&case(name), &output, eight()).unwrap();
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
    rewritten(&model, &output, eight()).unwrap();
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
fn numbers_that_are_not_packed_get_the_type_that_is_asked_for() {
    let model = case("llama-float32");
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("packed");
    rewritten_as(&model, &output, eight(), Some(FloatDtype::Bfloat16)).unwrap();
    let (before, after) = (contents(&model).unwrap(), contents(&output).unwrap());
    for tensor in &after.tensors {
        let dtype = after.checkpoint.info(&tensor.name).unwrap().dtype;
        assert!(matches!(dtype, Dtype::Bfloat16 | Dtype::Uint32), "{dtype}");
    }
    let packed = |matrix: &&StoredMatrix| matrix.stored_as != LayerQuantization::Dense;
    let matrix = after.matrices.iter().find(packed).unwrap();
    let name = format!("{}.weight", matrix.layer);
    let weight = read_tensor(&before.checkpoint, &name).unwrap();
    let weight = weight.as_dtype(headroom_mlx::Dtype::Bfloat16).unwrap();
    let (expected, ..) = quantize(weight, 32, 8).unwrap();
    let expected = bytes_of_array(&expected).unwrap();
    assert_eq!(after.checkpoint.read(&name).unwrap(), expected);
    assert!(difference(&logits(&output), &logits(&model)) < 0.3);
}

#[test]
fn a_dense_model_can_get_another_type_and_nothing_else() {
    let model = case("llama-float32");
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().join("half");
    let to = |dtype, output: &Path| rewritten_as(&model, output, Recipe::Dense, Some(dtype));
    let report = to(FloatDtype::Float16, &output).unwrap();
    assert_eq!(2 * report.bytes_after, report.bytes_before);
    assert!(difference(&logits(&output), &logits(&model)) < 0.05);
    let same = to(FloatDtype::Float32, &directory.path().join("same"));
    assert!(matches!(same, Err(QuantizeError::NotQuantized { .. })));
}

#[test]
fn floating_modes_are_written_as_mlx_packs_them_and_run() {
    let model = case("qwen3-bfloat16");
    let before = contents(&model).unwrap();
    let modes = [
        FloatingMode::Mxfp4,
        FloatingMode::Mxfp8,
        FloatingMode::Nvfp4,
    ];
    for (layout, mode) in FloatingLayout::ALL.into_iter().zip(modes) {
        let directory = tempfile::tempdir().unwrap();
        let output = directory.path().join("packed");
        let layout = QuantizedLayout::Floating(layout);
        rewritten(&model, &output, Recipe::Uniform(layout)).unwrap();
        let after = contents(&output).unwrap();
        let mut packed = 0;
        for matrix in &after.matrices {
            if !layout.divides(matrix.inputs) {
                assert_eq!(matrix.stored_as, LayerQuantization::Dense);
                continue;
            }
            assert_eq!(matrix.stored_as, LayerQuantization::Quantized(layout));
            let name = |part: &str| format!("{}.{part}", matrix.layer);
            let weight = read_tensor(&before.checkpoint, &name("weight")).unwrap();
            let expected = FloatingMatrix::pack(&weight, mode).unwrap();
            for (part, expected) in [("weight", expected.weight), ("scales", expected.scales)] {
                let expected = bytes_of_array(&expected).unwrap();
                assert_eq!(after.checkpoint.read(&name(part)).unwrap(), expected);
            }
            assert!(!after.checkpoint.contains(&name("biases")));
            packed += 1;
        }
        assert!(packed > 10, "{packed}");
        let close = difference(&logits(&output), &logits(&model));
        assert!(close < 0.6, "{layout}: {close}");
    }
}

#[test]
fn a_model_of_every_mode_can_be_unpacked() {
    let model = case("qwen3-mixed-modes");
    let directory = tempfile::tempdir().unwrap();
    let dense = directory.path().join("dense");
    rewritten(&model, &dense, Recipe::Dense).unwrap();
    let all = contents(&dense).unwrap().matrices;
    assert!(
        all.iter()
            .all(|matrix| matrix.stored_as == LayerQuantization::Dense)
    );
    // Affine values are rounded to bfloat16, which moves logits a little.
    assert!(difference(&logits(&dense), &logits(&model)) < 0.05);
}

#[test]
fn a_value_that_is_no_finite_number_is_refused_where_it_stands() {
    let directory = tempfile::tempdir().unwrap();
    let model = directory.path().join("model");
    fs::create_dir(&model).unwrap();
    for file in fs::read_dir(case("qwen3-bfloat16")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), model.join(file.file_name())).unwrap();
    }
    let weights = model.join("model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    let length = bytes.len();
    // The last tensor of the file ends with a number that is none: 0xFFFF in bfloat16.
    bytes[length - 2..].fill(0xFF);
    fs::write(&weights, bytes).unwrap();
    let output = directory.path().join("out");
    let refused = rewritten(&model, &output, eight());
    assert!(
        matches!(refused, Err(QuantizeError::NotFinite { .. })),
        "{refused:?}"
    );
    assert!(!output.exists());
}

#[test]
fn what_was_packed_can_be_unpacked_and_packed_anew() {
    let model = case("llama-4-bit-group-64");
    let directory = tempfile::tempdir().unwrap();
    let [dense, packed] = ["dense", "packed"].map(|name| directory.path().join(name));
    rewritten(&model, &dense, Recipe::Dense).unwrap();
    rewritten(&model, &packed, eight()).unwrap();
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
    let four = Recipe::Uniform(QuantizedLayout::affine(4, 64).unwrap());
    let same = rewritten(&case("llama-4-bit-group-64"), &output, four);
    assert!(matches!(same, Err(QuantizeError::NothingToQuantize { .. })));
    let dense = rewritten(&case("llama-float32"), &output, Recipe::Dense);
    assert!(matches!(dense, Err(QuantizeError::NotQuantized { .. })));
    fs::create_dir(&output).unwrap();
    let there = rewritten(&case("llama-float32"), &output, eight());
    assert!(matches!(there, Err(QuantizeError::OutputExists { .. })));
}

#[test]
fn a_rewriting_that_is_stopped_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let request = Request {
        model: case("llama-float32"),
        output: directory.path().join("out"),
        recipe: eight(),
        dtype: None,
    };
    let stopped = rewrite(&request, &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(QuantizeError::Cancelled)));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}
