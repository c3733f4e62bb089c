//! A checkpoint's directory, and the output it is published to, are models like any other.

use std::path::{Path, PathBuf};

use headroom_engine::{CacheKind, CacheSettings, LogitsRequest};
use headroom_formats::Checkpoint;
use headroom_mlx::Array;
use headroom_models::read_tensor;
use headroom_train::checkpoint::{CheckpointStore, Snapshot, TrainingState, publish};
use serde_json::{Value, json};

fn golden() -> PathBuf {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
    cases.join("nanochat-bfloat16/model")
}

fn weights(model: &Path) -> Vec<(String, Array)> {
    let checkpoint = Checkpoint::open(model).unwrap();
    let read = |name: &str| (name.to_owned(), read_tensor(&checkpoint, name).unwrap());
    checkpoint.names().map(read).collect()
}

fn logits(model: &Path) -> Vec<f32> {
    let request = LogitsRequest {
        directory: model.to_owned(),
        tokens: vec![1, 2, 3, 4],
        chunk: None,
        cache: CacheSettings {
            kind: CacheKind::Simple,
            quantization: None,
            quantized_start: 0,
            adapts: false,
        },
    };
    request.run().unwrap().values
}

#[test]
fn its_logits_are_those_of_the_weights_that_were_saved() {
    headroom_mlx::start().unwrap();
    let output = tempfile::tempdir().unwrap();
    let config = std::fs::read(golden().join("config.json")).unwrap();
    let config: Value = serde_json::from_slice(&config).unwrap();
    let state = TrainingState {
        step: 7,
        tokens: 0,
        random_seed: 0,
        cursor: json!(null),
        configuration: json!({}),
    };
    let weights = weights(&golden());
    let snapshot = Snapshot {
        state: &state,
        weights: &weights,
        optimizer: &[],
        config: &config,
        tokenizer: &golden(),
    };
    let mut store = CheckpointStore::open(&output.path().join("checkpoints"), None).unwrap();
    let checkpoint = store.save(&snapshot).unwrap();
    publish(&checkpoint, output.path()).unwrap();
    let expected = logits(&golden());
    assert!(expected.iter().any(|logit| *logit != 0.0));
    assert_eq!(logits(&checkpoint), expected);
    assert_eq!(logits(output.path()), expected);
}
