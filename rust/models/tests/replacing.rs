//! Models that share their weights but for single matrices, and what they predict.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use headroom_formats::QuantizedLayout;
use headroom_models::{
    EmbeddingPlacement, LanguageModel, Predictions, ReplacedMatrix, SharedWeights, contents,
    cross_entropy, open,
};

const TOKENS: [u32; 12] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 35, 80, 7];

fn case(name: &str) -> PathBuf {
    headroom_mlx::start().unwrap();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
    cases.join(name).join("model")
}

fn shared(model: &Path) -> SharedWeights {
    SharedWeights::read(model, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn opened(model: &Path) -> Box<dyn LanguageModel> {
    let go_on = &mut |_| ControlFlow::Continue(());
    open(model, EmbeddingPlacement::Memory, go_on).unwrap()
}

/// The matrix of that name, packed.
fn packed(model: &Path, layer: &str, layout: QuantizedLayout) -> ReplacedMatrix {
    let contents = contents(model).unwrap();
    let matrix = contents
        .matrices
        .iter()
        .find(|matrix| matrix.layer == layer);
    let rows = contents.rows_of(matrix.unwrap()).unwrap();
    let values = rows.values(0..rows.row_count() as u32).unwrap();
    ReplacedMatrix::new(layer, &values, layout).unwrap()
}

#[test]
fn with_nothing_replaced_it_is_the_model() {
    for name in [
        "nanochat-float32-grouped",
        "gemma3_text-bfloat16-tied",
        "qwen3-mixed-modes",
    ] {
        let model = case(name);
        let shared = shared(&model).model_with(&[]).unwrap();
        let expected = cross_entropy(opened(&model).as_ref(), &TOKENS).unwrap();
        assert_eq!(
            cross_entropy(shared.as_ref(), &TOKENS).unwrap(),
            expected,
            "{name}"
        );
    }
}

#[test]
fn fewer_bits_in_one_matrix_lead_further_from_the_model() {
    let model = case("nanochat-float32-grouped");
    let shared = shared(&model);
    let original = shared.model_with(&[]).unwrap();
    let original = Predictions::along(original.as_ref(), &TOKENS).unwrap();
    assert!(original.divergence(&original).unwrap().abs() < 1e-6);
    for layer in ["lm_head", "transformer.wte", "transformer.h.1.mlp.c_proj"] {
        let divergence = |bits| {
            let layout = QuantizedLayout::affine(bits, 32).unwrap();
            let changed = shared.model_with(&[packed(&model, layer, layout)]).unwrap();
            let changed = Predictions::along(changed.as_ref(), &TOKENS).unwrap();
            original.divergence(&changed).unwrap()
        };
        let (two, eight) = (divergence(2), divergence(8));
        assert!(two > 10.0 * eight && eight > 0.0, "{layer}: {two}, {eight}");
    }
}

#[test]
fn predictions_have_the_cross_entropy_of_their_tokens() {
    let model = opened(&case("nanochat-float32-grouped"));
    let nats = Predictions::along(model.as_ref(), &TOKENS)
        .unwrap()
        .nats()
        .unwrap();
    let expected = cross_entropy(model.as_ref(), &TOKENS).unwrap();
    assert!((nats - expected).abs() < 1e-4, "{nats} {expected}");
    assert_eq!(cross_entropy(model.as_ref(), &TOKENS[..1]).unwrap(), 0.0);
    assert_eq!(cross_entropy(model.as_ref(), &[]).unwrap(), 0.0);
}

#[test]
fn an_id_that_the_model_does_not_have_is_no_panic() {
    let model = opened(&case("nanochat-float32-grouped"));
    drop(cross_entropy(model.as_ref(), &[1, 2]));
    drop(Predictions::along(model.as_ref(), &[5]));
    drop(Predictions::along(model.as_ref(), &[]));
}
