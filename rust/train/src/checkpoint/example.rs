//! A small run for tests.

use std::fs;
use std::path::Path;

use headroom_mlx::{Array, Dtype};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::snapshot::{Snapshot, TrainingState};

/// The run after a step: every figure follows from the step.
pub(super) struct Example {
    pub(super) state: TrainingState,
    pub(super) weights: Vec<(String, Array)>,
    pub(super) optimizer: Vec<(String, Array)>,
    pub(super) config: Value,
    tokenizer: TempDir,
}

impl Example {
    pub(super) fn at(step: u64) -> Self {
        headroom_mlx::start().unwrap();
        let tokenizer = tempfile::tempdir().unwrap();
        fs::write(tokenizer.path().join("tokenizer.json"), "{}").unwrap();
        fs::write(tokenizer.path().join("not-ours"), "").unwrap();
        let weight = array(step, Dtype::Bfloat16);
        Self {
            state: state(step),
            weights: vec![
                ("lm_head.weight".to_owned(), weight),
                ("a".to_owned(), array(step + 1, Dtype::Float32)),
            ],
            optimizer: vec![("a.momentum".to_owned(), array(step + 2, Dtype::Float32))],
            config: json!({"model_type": "nanochat", "step": step}),
            tokenizer,
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot<'_> {
        Snapshot {
            state: &self.state,
            weights: &self.weights,
            optimizer: &self.optimizer,
            config: &self.config,
            tokenizer: self.tokenizer.path(),
        }
    }
}

pub(super) fn state(step: u64) -> TrainingState {
    TrainingState {
        step,
        tokens: 512 * step,
        random_seed: 7,
        cursor: json!({"epoch": 0, "document": 3 * step}),
        configuration: json!({"depth": 4, "learning_rate": 0.02}),
    }
}

/// Two rows of three.
pub(super) fn array(value: u64, dtype: Dtype) -> Array {
    let values: Vec<f32> = (0..6).map(|at| (value + at) as f32 / 8.0).collect();
    let array = Array::from_slice(&values, &[2, 3]);
    array.as_dtype(dtype).unwrap()
}

/// The names of everything in a directory.
pub(super) fn names(directory: &Path) -> Vec<String> {
    super::layout::names(directory).unwrap()
}
