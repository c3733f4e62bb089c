//! What a base training run is told: the recipe's values unless someone says otherwise.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::TrainError;
use crate::optimizer::Rates;
use crate::run::{RunConfig, from_fields, require_not_negative};

/// Settings of a run. Names are those of the flags and of a TOML file's fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BaseConfig {
    /// What every run is told.
    #[serde(flatten)]
    pub run: RunConfig,
    /// Blocks; width is 64 times as much.
    pub depth: usize,
    /// Token ids. Absent: as many as the tokenizer has.
    pub vocab: Option<usize>,
    /// Tokens of a row.
    pub context: usize,
    /// Tokens of a step.
    pub total_batch_size: u64,
    /// Tokens of the whole run, where steps are not given.
    pub target_tokens: Option<u64>,
    /// Tokens of the whole run for each number that is learned, where neither is given.
    pub tokens_per_parameter: f64,
    /// A file, a directory, or `owner/name` of a hub's data set.
    pub data: String,
    /// A directory with `tokenizer.json`. Absent: one is learned from the data.
    pub tokenizer: Option<PathBuf>,
    /// Take data from a hub, even if a directory has that name.
    pub streaming: bool,
    /// Most shards of a hub that lie on the disk.
    pub max_cached_shards: usize,
    /// AdamW's rate for the embedding, at width 768.
    pub embedding_learning_rate: f64,
    /// AdamW's rate for the head, at width 768.
    pub head_learning_rate: f64,
    /// Muon's rate for the matrices of blocks.
    pub matrix_learning_rate: f64,
    /// The share of the run over which rates go down to zero.
    pub warm_down_share: f64,
}

impl Default for BaseConfig {
    fn default() -> Self {
        let rates = Rates::default();
        Self {
            run: RunConfig::default(),
            depth: 12,
            vocab: None,
            context: 2048,
            total_batch_size: 524_288,
            target_tokens: None,
            tokens_per_parameter: 20.0,
            data: String::new(),
            tokenizer: None,
            streaming: false,
            max_cached_shards: 20,
            embedding_learning_rate: rates.embedding_learning_rate,
            head_learning_rate: rates.head_learning_rate,
            matrix_learning_rate: rates.matrix_learning_rate,
            warm_down_share: 0.2,
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

/// Fields in which a run that goes on may differ, beside those of every run: where the same text and
/// tokenizer lie.
pub(crate) const MAY_CHANGE: [&str; 4] = ["data", "tokenizer", "streaming", "max-cached-shards"];

impl BaseConfig {
    /// From fields by name, such as a TOML file and flags have them; the recipe's values elsewhere.
    ///
    /// # Errors
    /// When a field is none, or has a value that it cannot have.
    pub fn from_fields(fields: Value) -> Result<Self, TrainError> {
        let config: Self = from_fields(fields)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), TrainError> {
        if self.data.is_empty() {
            let problem = "no data is given; say where it lies with --data";
            return Err(TrainError::setting(problem));
        }
        self.run.check()?;
        self.check_batches()?;
        self.check_rates()
    }

    /// Whether steps are made of whole micro-batches.
    fn check_batches(&self) -> Result<(), TrainError> {
        let (rows, context) = (self.run.device_batch_size, self.context);
        let (row_tokens, tokens) = (context.saturating_mul(rows) as u64, self.total_batch_size);
        if row_tokens == 0 || tokens == 0 {
            return Err(TrainError::setting(
                "a step of nothing trains nothing; give --context and --total-batch-size of at least 1",
            ));
        }
        if tokens.is_multiple_of(row_tokens) {
            return Ok(());
        }
        let below = (tokens / row_tokens).max(1) * row_tokens;
        Err(TrainError::setting(format!(
            "--total-batch-size {tokens} is not made of whole micro-batches of {rows} rows by {context} tokens; give {below}, or another multiple of {row_tokens}"
        )))
    }

    fn check_rates(&self) -> Result<(), TrainError> {
        for (name, value) in [
            ("embedding-learning-rate", self.embedding_learning_rate),
            ("head-learning-rate", self.head_learning_rate),
            ("matrix-learning-rate", self.matrix_learning_rate),
            ("tokens-per-parameter", self.tokens_per_parameter),
        ] {
            require_not_negative(name, value)?;
        }
        match self.warm_down_share {
            share if (0.0..=1.0).contains(&share) => Ok(()),
            share => Err(TrainError::setting(format!(
                "--warm-down-share {share} is no share; give 0 to 1"
            ))),
        }
    }

    /// Steps of the whole run for a model with that many parameters.
    ///
    /// # Errors
    /// When there is none.
    pub fn steps(&self, parameters: u64) -> Result<u64, TrainError> {
        let by_parameters = (self.tokens_per_parameter * parameters as f64) as u64;
        let tokens = self.target_tokens.unwrap_or(by_parameters);
        let given = self.run.num_iterations;
        match given.unwrap_or(tokens / self.total_batch_size) {
            0 => Err(TrainError::setting(format!(
                "{tokens} tokens are not one step of {}; give more --target-tokens or a smaller --total-batch-size",
                self.total_batch_size
            ))),
            steps => Ok(steps),
        }
    }

    /// The optimizers' rates.
    pub fn rates(&self) -> Rates {
        Rates {
            embedding_learning_rate: self.embedding_learning_rate,
            head_learning_rate: self.head_learning_rate,
            matrix_learning_rate: self.matrix_learning_rate,
            gradient_clip: self.run.gradient_clip,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::run::to_fields;

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
            (config.total_batch_size, config.run.eval_tokens),
            (524_288, 20 * 524_288)
        );
        assert_eq!(config.steps(185_597_952).unwrap(), 7080);
        let low = BaseConfig::from_fields(fields(Preset::LowMemory.settings())).unwrap();
        assert_eq!(
            (low.run.device_batch_size, low.total_batch_size),
            (2, 262_144)
        );
        let ultra = BaseConfig::from_fields(fields(Preset::UltraLow.settings())).unwrap();
        assert_eq!((ultra.run.eval_every, ultra.max_cached_shards), (1000, 3));
    }

    #[test]
    fn names_are_those_that_checkpoints_have() {
        let fields = to_fields(&BaseConfig::default()).unwrap();
        let names: BTreeSet<_> = fields.as_object().unwrap().keys().collect();
        let expected = "context data depth device-batch-size dtype embedding-learning-rate eval-every \
            eval-tokens gradient-clip head-learning-rate keep matrix-learning-rate max-cached-shards \
            max-memory num-iterations output recompute save-every seed state-dtype streaming strict \
            target-tokens tokenizer tokens-per-parameter total-batch-size vocab warm-down-share";
        assert!(
            names.into_iter().eq(expected.split_whitespace()),
            "{fields}"
        );
        assert!(MAY_CHANGE.iter().all(|name| fields.get(name).is_some()));
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_give() {
        assert!(refusal(json!({"total-batch-size": 5000})).contains("multiple of 16384"));
        assert!(refusal(json!({"context": 0})).contains("--context"));
        assert!(refusal(json!({"device-batch-size": 0})).contains("at least 1"));
        assert!(refusal(json!({"dept": 4})).contains("dept"));
        assert!(refusal(json!({"keep": 0})).contains("--keep"));
        assert!(refusal(json!({"matrix-learning-rate": -1.0})).contains("at least 0"));
        assert!(refusal(json!({"warm-down-share": 1.5})).contains("0 to 1"));
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
