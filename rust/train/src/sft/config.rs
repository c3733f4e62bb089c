//! What tuning is told.

use std::path::PathBuf;

use headroom_memory::ByteSize;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::TrainError;
use crate::float_dtype::FloatDtype;
use crate::optimizer::Rates;

/// Settings of a tuning run. Names are those of the flags and of a TOML file's fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SftConfig {
    /// The model to tune: a directory that base training made.
    pub model: PathBuf,
    /// Conversations: JSON lines with `messages`, a file or a directory of files.
    pub data: PathBuf,
    /// Where everything goes.
    pub output: PathBuf,
    /// Tokens of a row. Absent: as many as the model was trained on.
    pub context: Option<usize>,
    /// Most rows that are computed together.
    pub device_batch_size: usize,
    /// Rows of a step.
    pub rows_per_step: usize,
    /// Steps; goes before epochs.
    pub num_iterations: Option<u64>,
    /// How often all conversations are learned.
    pub epochs: u64,
    /// Refuse what cannot be read instead of leaving it out.
    pub strict: bool,
    /// Steps between evaluations; 0 for none.
    pub eval_every: u64,
    /// Held-out tokens that each evaluation predicts.
    pub eval_tokens: u64,
    /// Steps between checkpoints; 0 for the last alone.
    pub save_every: u64,
    /// How many checkpoints stay.
    pub keep: usize,
    /// What all random choices follow from.
    pub seed: u64,
    /// The type of weights.
    pub dtype: FloatDtype,
    /// The type of what optimizers remember.
    pub state_dtype: Option<FloatDtype>,
    /// Compute a block's values again on the way back, instead of keeping them.
    pub recompute: bool,
    /// The most that the process may use.
    pub max_memory: Option<ByteSize>,
    /// What the recipe's rates for base training are multiplied by; they go down to zero from the
    /// first step on.
    pub rate_share: f64,
    /// The largest norm of all gradients together; 0 for no limit.
    pub gradient_clip: f64,
}

impl Default for SftConfig {
    fn default() -> Self {
        Self {
            model: PathBuf::new(),
            data: PathBuf::new(),
            output: PathBuf::new(),
            context: None,
            device_batch_size: 4,
            rows_per_step: 32,
            num_iterations: None,
            epochs: 1,
            strict: false,
            eval_every: 100,
            eval_tokens: 65_536,
            save_every: 250,
            keep: 2,
            seed: 0,
            dtype: FloatDtype::Float32,
            state_dtype: None,
            recompute: false,
            max_memory: None,
            rate_share: 0.02,
            gradient_clip: 1.0,
        }
    }
}

/// Fields in which a run that goes on may differ from what it was.
pub(crate) const MAY_CHANGE: [&str; 12] = [
    "model",
    "data",
    "output",
    "strict",
    "eval-every",
    "eval-tokens",
    "save-every",
    "keep",
    "device-batch-size",
    "recompute",
    "max-memory",
    "state-dtype",
];

impl SftConfig {
    /// From fields by name; the usual values elsewhere.
    ///
    /// # Errors
    /// When a field is none, or has a value that it cannot have.
    pub fn from_fields(fields: Value) -> Result<Self, TrainError> {
        let refused = |problem: String| TrainError::Setting { problem };
        let config: Self =
            serde_json::from_value(fields).map_err(|error| refused(error.to_string()))?;
        match config.problem() {
            Some(problem) => Err(refused(problem.to_owned())),
            None => Ok(config),
        }
    }

    fn problem(&self) -> Option<&'static str> {
        let is_rate = |rate: f64| rate.is_finite() && rate >= 0.0;
        let paths = [&self.model, &self.data, &self.output];
        if paths.iter().any(|path| path.as_os_str().is_empty()) {
            return Some(
                "give --model, --data and --output: what to tune, on what, and where to write",
            );
        }
        if self.device_batch_size == 0 || !self.rows_per_step.is_multiple_of(self.device_batch_size)
        {
            return Some(
                "--rows-per-step is not made of whole micro-batches; give a multiple of --device-batch-size",
            );
        }
        if self.rows_per_step == 0 || self.num_iterations == Some(0) || self.epochs == 0 {
            return Some("nothing would be trained; give at least 1 row per step, step and epoch");
        }
        if !is_rate(self.rate_share) || !is_rate(self.gradient_clip) {
            return Some("--rate-share and --gradient-clip are numbers of at least 0");
        }
        match self.keep {
            0 => Some("--keep 0 would keep no checkpoint to go on from; give at least 1"),
            _ => None,
        }
    }

    /// The recipe's rates, as far as tuning takes them.
    pub fn rates(&self) -> Rates {
        let full = Rates::default();
        Rates {
            embedding_learning_rate: full.embedding_learning_rate * self.rate_share,
            head_learning_rate: full.head_learning_rate * self.rate_share,
            matrix_learning_rate: full.matrix_learning_rate * self.rate_share,
            gradient_clip: self.gradient_clip,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(field: &str, value: Value) -> String {
        let mut fields = json!({"model": "base", "data": "chats.jsonl", "output": "run"});
        fields[field] = value;
        SftConfig::from_fields(fields).unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_give() {
        assert!(refusal("output", json!("")).contains("--output"));
        assert!(refusal("rows-per-step", json!(30)).contains("multiple"));
        assert!(refusal("epochs", json!(0)).contains("at least 1"));
        assert!(refusal("rate-share", json!(-1)).contains("--rate-share"));
        assert!(refusal("epoch", json!(2)).contains("epoch"));
    }
}
