//! What a base training run is told: the recipe's values unless someone says otherwise.

use std::path::PathBuf;

use headroom_memory::ByteSize;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::TrainError;
use crate::float_dtype::FloatDtype;
use crate::optimizer::Rates;

/// Settings of a run. Names are those of the flags and of a TOML file's fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct BaseConfig {
    /// Blocks; width is 64 times as much.
    pub depth: usize,
    /// Token ids. Absent: as many as the tokenizer has.
    pub vocab: Option<usize>,
    /// Tokens of a row.
    pub context: usize,
    /// Most rows that are computed together.
    pub device_batch_size: usize,
    /// Tokens of a step.
    pub total_batch_size: u64,
    /// Steps; goes before the two below.
    pub num_iterations: Option<u64>,
    /// Tokens of the whole run; goes before the one below.
    pub target_tokens: Option<u64>,
    /// Tokens of the whole run for each number that is learned.
    pub tokens_per_parameter: f64,
    /// A file, a directory, or `owner/name` of a hub's data set.
    pub data: String,
    /// A directory with `tokenizer.json`. Absent: one is learned from the data.
    pub tokenizer: Option<PathBuf>,
    /// Where everything goes.
    pub output: PathBuf,
    /// Take data from a hub, even if a directory has that name.
    pub streaming: bool,
    /// Most shards of a hub that lie on the disk.
    pub max_cached_shards: usize,
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
    /// The type of what optimizers remember. Absent: float32, unless nothing else fits.
    pub state_dtype: Option<FloatDtype>,
    /// Compute a block's values again on the way back, instead of keeping them.
    pub recompute: bool,
    /// The most that the process may use. Absent: what the machine can spare.
    pub max_memory: Option<ByteSize>,
    /// AdamW's rate for the embedding, at width 768.
    pub embedding_learning_rate: f64,
    /// AdamW's rate for the head, at width 768.
    pub head_learning_rate: f64,
    /// Muon's rate for the matrices of blocks.
    pub matrix_learning_rate: f64,
    /// The share of the run over which rates go down to zero.
    pub warm_down_share: f64,
    /// The largest norm of all gradients together; 0 for no limit.
    pub gradient_clip: f64,
}

impl Default for BaseConfig {
    fn default() -> Self {
        let rates = Rates::default();
        Self {
            depth: 12,
            vocab: None,
            context: 2048,
            device_batch_size: 8,
            total_batch_size: 524_288,
            num_iterations: None,
            target_tokens: None,
            tokens_per_parameter: 20.0,
            data: String::new(),
            tokenizer: None,
            output: PathBuf::new(),
            streaming: false,
            max_cached_shards: 20,
            strict: false,
            eval_every: 250,
            eval_tokens: 10_485_760,
            save_every: 250,
            keep: 2,
            seed: 0,
            dtype: FloatDtype::Float32,
            state_dtype: None,
            recompute: false,
            max_memory: None,
            embedding_learning_rate: rates.embedding_learning_rate,
            head_learning_rate: rates.head_learning_rate,
            matrix_learning_rate: rates.matrix_learning_rate,
            warm_down_share: 0.2,
            gradient_clip: rates.gradient_clip,
        }
    }
}

/// A way of training that suits a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// For 16 GiB.
    LowMemory,
    /// For 8 GiB.
    UltraLow,
}

impl Preset {
    /// What it sets, as fields of [`BaseConfig`].
    pub fn settings(self) -> Value {
        match self {
            Self::LowMemory => json!({
                "device-batch-size": 2,
                "total-batch-size": 262_144,
                "max-cached-shards": 5,
                "eval-every": 500,
                "eval-tokens": 524_288,
                "recompute": true,
            }),
            Self::UltraLow => json!({
                "device-batch-size": 1,
                "total-batch-size": 65_536,
                "max-cached-shards": 3,
                "eval-every": 1000,
                "eval-tokens": 262_144,
                "recompute": true,
            }),
        }
    }
}

/// Fields in which a run that goes on may differ from what it was: none changes what is computed but
/// by rounding.
pub(crate) const MAY_CHANGE: [&str; 13] = [
    "data",
    "tokenizer",
    "output",
    "streaming",
    "max-cached-shards",
    "strict",
    "eval-every",
    "eval-tokens",
    "save-every",
    "keep",
    "device-batch-size",
    "recompute",
    "max-memory",
];

impl BaseConfig {
    /// From fields by name, such as a TOML file and flags have them; the recipe's values elsewhere.
    ///
    /// # Errors
    /// When a field is none, or has a value that it cannot have.
    pub fn from_fields(fields: Value) -> Result<Self, TrainError> {
        let config: Self = serde_json::from_value(fields).map_err(|error| TrainError::Setting {
            problem: error.to_string(),
        })?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), TrainError> {
        let refused = |problem: String| Err(TrainError::Setting { problem });
        let row_tokens = self.context.saturating_mul(self.device_batch_size) as u64;
        if self.data.is_empty() {
            return refused("no data is given; say where it lies with --data".to_owned());
        }
        if self.output.as_os_str().is_empty() {
            return refused("nowhere to write is given; say where with --output".to_owned());
        }
        if row_tokens == 0 || self.total_batch_size == 0 {
            return refused(
                "a batch of nothing trains nothing; give batch sizes of at least 1".to_owned(),
            );
        }
        if !self.total_batch_size.is_multiple_of(row_tokens) {
            let below = (self.total_batch_size / row_tokens).max(1) * row_tokens;
            return refused(format!(
                "--total-batch-size {} is not made of whole micro-batches of {} rows by {} tokens; give {below}, or another multiple of {row_tokens}",
                self.total_batch_size, self.device_batch_size, self.context
            ));
        }
        let rates = [
            self.embedding_learning_rate,
            self.head_learning_rate,
            self.matrix_learning_rate,
            self.gradient_clip,
            self.tokens_per_parameter,
        ];
        if !rates.iter().all(|rate| rate.is_finite() && *rate >= 0.0) {
            return refused(
                "rates, --gradient-clip and --tokens-per-parameter are numbers of at least 0"
                    .to_owned(),
            );
        }
        if !(0.0..=1.0).contains(&self.warm_down_share) {
            return refused(format!(
                "--warm-down-share {} is no share; give 0 to 1",
                self.warm_down_share
            ));
        }
        match self.keep {
            0 => refused(
                "--keep 0 would keep no checkpoint to go on from; give at least 1".to_owned(),
            ),
            _ => Ok(()),
        }
    }

    /// Steps of the whole run for a model with that many parameters.
    ///
    /// # Errors
    /// When there is none.
    pub fn steps(&self, parameters: u64) -> Result<u64, TrainError> {
        let by_parameters = (self.tokens_per_parameter * parameters as f64) as u64;
        let tokens = self.target_tokens.unwrap_or(by_parameters);
        match self
            .num_iterations
            .unwrap_or(tokens / self.total_batch_size)
        {
            0 => Err(TrainError::Setting {
                problem: format!(
                    "{tokens} tokens are not one step of {}; give more --target-tokens or a smaller --total-batch-size",
                    self.total_batch_size
                ),
            }),
            steps => Ok(steps),
        }
    }

    /// The optimizers' rates.
    pub fn rates(&self) -> Rates {
        Rates {
            embedding_learning_rate: self.embedding_learning_rate,
            head_learning_rate: self.head_learning_rate,
            matrix_learning_rate: self.matrix_learning_rate,
            gradient_clip: self.gradient_clip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(more: Value) -> Value {
        let mut fields = json!({"data": "stories", "output": "run"});
        let (all, more) = (fields.as_object_mut().unwrap(), more.as_object().unwrap());
        all.extend(more.clone());
        fields
    }

    fn refusal(more: Value) -> String {
        BaseConfig::from_fields(fields(more))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn what_nobody_says_is_the_recipes() {
        let config = BaseConfig::from_fields(fields(json!({}))).unwrap();
        assert_eq!(
            (config.total_batch_size, config.eval_tokens),
            (524_288, 20 * 524_288)
        );
        assert_eq!(config.steps(185_597_952).unwrap(), 7080);
        let low = BaseConfig::from_fields(fields(Preset::LowMemory.settings())).unwrap();
        assert_eq!((low.device_batch_size, low.total_batch_size), (2, 262_144));
        let ultra = BaseConfig::from_fields(fields(Preset::UltraLow.settings())).unwrap();
        assert_eq!((ultra.eval_every, ultra.max_cached_shards), (1000, 3));
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_give() {
        assert!(refusal(json!({"total-batch-size": 5000})).contains("multiple of 16384"));
        assert!(refusal(json!({"device-batch-size": 0})).contains("at least 1"));
        assert!(refusal(json!({"dept": 4})).contains("dept"));
        assert!(refusal(json!({"keep": 0})).contains("--keep"));
        assert!(refusal(json!({"matrix-learning-rate": -1.0})).contains("at least 0"));
        assert!(
            BaseConfig::from_fields(json!({"output": "run"}))
                .unwrap_err()
                .to_string()
                .contains("--data")
        );
    }

    #[test]
    fn a_run_is_as_long_as_the_first_of_three_settings_says() {
        let steps = |more| {
            BaseConfig::from_fields(fields(more))
                .unwrap()
                .steps(1_000_000)
        };
        assert_eq!(
            steps(json!({"num-iterations": 7, "target-tokens": 1 << 30})).unwrap(),
            7
        );
        assert_eq!(steps(json!({"target-tokens": 1 << 30})).unwrap(), 2048);
        assert_eq!(steps(json!({})).unwrap(), 38);
        assert!(steps(json!({"target-tokens": 5})).is_err());
    }
}
