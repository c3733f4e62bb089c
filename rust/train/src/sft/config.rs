//! What tuning is told.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::TrainError;
use crate::model::QuantizedView;
use crate::optimizer::Rates;
use crate::run::{RunConfig, from_fields, require_not_negative};

/// Settings of a tuning run. Names are those of the flags and of a TOML file's fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SftConfig {
    /// What every run is told.
    #[serde(flatten)]
    pub run: RunConfig,
    /// The model to tune: a directory that base training made.
    pub model: PathBuf,
    /// Conversations: JSON lines with `messages`, a file or a directory of files.
    pub data: PathBuf,
    /// Tokens of a row. Absent: as many as the model reads. More of them let it read more.
    pub context: Option<usize>,
    /// Bits to which the weights are rounded that steps see, as quantising will round them.
    pub round_bits: Option<u8>,
    /// Weights that share a scale where they are rounded.
    pub round_group_size: u16,
    /// Rows of a step.
    pub rows_per_step: usize,
    /// How often all conversations are learned, where steps are not given.
    pub epochs: u64,
    /// What the recipe's rates for base training are multiplied by; they go down to zero from the
    /// first step on.
    pub rate_share: f64,
}

impl Default for SftConfig {
    fn default() -> Self {
        Self {
            run: RunConfig {
                device_batch_size: 4,
                eval_every: 100,
                eval_tokens: 65_536,
                ..RunConfig::default()
            },
            model: PathBuf::new(),
            data: PathBuf::new(),
            context: None,
            round_bits: None,
            round_group_size: 64,
            rows_per_step: 32,
            epochs: 1,
            rate_share: 0.02,
        }
    }
}

/// Fields in which a run that goes on may differ, beside those of every run: where the same model and
/// conversations lie.
pub(crate) const MAY_CHANGE: [&str; 2] = ["model", "data"];

impl SftConfig {
    /// From fields by name; the usual values elsewhere.
    ///
    /// # Errors
    /// When a field is none, or has a value that it cannot have.
    pub fn from_fields(fields: Value) -> Result<Self, TrainError> {
        let config: Self = from_fields(fields)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), TrainError> {
        let paths = [&self.model, &self.data];
        if paths.iter().any(|path| path.as_os_str().is_empty()) {
            let problem = "give --model and --data: what to tune, and on what";
            return Err(TrainError::setting(problem));
        }
        self.run.check()?;
        if self.rows_per_step == 0 || self.epochs == 0 {
            let problem = "nothing would be trained; give at least 1 row per step and epoch";
            return Err(TrainError::setting(problem));
        }
        let (rows, together) = (self.rows_per_step, self.run.device_batch_size);
        if !rows.is_multiple_of(together) {
            return Err(TrainError::setting(format!(
                "--rows-per-step {rows} is not made of whole micro-batches; give a multiple of --device-batch-size {together}"
            )));
        }
        self.view()?;
        require_not_negative("rate-share", self.rate_share)
    }

    /// How the weights are rounded that steps see.
    pub(crate) fn view(&self) -> Result<Option<QuantizedView>, TrainError> {
        let view = |bits| QuantizedView::affine(bits, self.round_group_size);
        self.round_bits.map(view).transpose()
    }

    /// The recipe's rates, as far as tuning takes them.
    pub fn rates(&self) -> Rates {
        let full = Rates::default();
        Rates {
            embedding_learning_rate: full.embedding_learning_rate * self.rate_share,
            head_learning_rate: full.head_learning_rate * self.rate_share,
            matrix_learning_rate: full.matrix_learning_rate * self.rate_share,
            gradient_clip: self.run.gradient_clip,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::run::to_fields;

    fn refusal(field: &str, value: Value) -> String {
        let mut fields = json!({"model": "base", "data": "chats.jsonl", "output": "run"});
        fields[field] = value;
        SftConfig::from_fields(fields).unwrap_err().to_string()
    }

    #[test]
    fn what_nobody_says_is_what_tuning_takes() {
        let fields = json!({"model": "base", "data": "chats.jsonl", "output": "run", "keep": 5});
        let run = SftConfig::from_fields(fields).unwrap().run;
        assert_eq!((run.device_batch_size, run.keep), (4, 5));
        assert_eq!((run.eval_every, run.eval_tokens), (100, 65_536));
    }

    #[test]
    fn names_are_those_that_checkpoints_have() {
        let fields = to_fields(&SftConfig::default()).unwrap();
        let names: BTreeSet<_> = fields.as_object().unwrap().keys().collect();
        let expected = "context data device-batch-size dtype epochs eval-every eval-tokens \
            gradient-clip keep max-memory model num-iterations output rate-share recompute \
            round-bits round-group-size rows-per-step save-every seed state-dtype strict";
        assert!(
            names.into_iter().eq(expected.split_whitespace()),
            "{fields}"
        );
        assert!(MAY_CHANGE.iter().all(|name| fields.get(name).is_some()));
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_give() {
        assert!(refusal("model", json!("")).contains("--model"));
        assert!(refusal("output", json!("")).contains("--output"));
        assert!(refusal("rows-per-step", json!(30)).contains("multiple"));
        assert!(refusal("epochs", json!(0)).contains("at least 1"));
        assert!(refusal("round-bits", json!(7)).contains("--round-bits"));
        assert!(refusal("rate-share", json!(-1)).contains("--rate-share"));
        assert!(refusal("epoch", json!(2)).contains("epoch"));
    }
}
