//! What a checkpoint is made of.

use std::path::Path;

use headroom_mlx::Array;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a run is: all of it that is no tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingState {
    /// Steps done.
    pub step: u64,
    /// Tokens trained on.
    pub tokens: u64,
    /// What every random choice of the run follows from.
    pub random_seed: u64,
    /// Where the next row of data begins.
    pub cursor: Value,
    /// The run's settings, a flat object.
    pub configuration: Value,
}

/// A run as it is to be saved. Arrays are evaluated and written one at a time.
#[derive(Clone, Copy)]
pub struct Snapshot<'a> {
    /// Where the run is.
    pub state: &'a TrainingState,
    /// The model's tensors by their names, in the order they are written.
    pub weights: &'a [(String, Array)],
    /// The optimizer's, likewise.
    pub optimizer: &'a [(String, Array)],
    /// The model's `config.json`.
    pub config: &'a Value,
    /// A directory whose tokenizer files are copied, as far as they are there.
    pub tokenizer: &'a Path,
}
