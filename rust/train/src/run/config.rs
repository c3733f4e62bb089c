//! What any run is told, whatever its rows are.

use std::path::PathBuf;

use headroom_memory::ByteSize;
use serde::{Deserialize, Serialize};

use crate::data::{Content, DataSettings, DataSource};
use crate::error::TrainError;
use crate::optimizer::Rates;
use crate::training_dtype::TrainingDtype;

/// Settings that every run has, which lie flat among those of its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunConfig {
    /// Where everything goes.
    pub output: PathBuf,
    /// Steps. Absent: as many as the kind of run makes of its other settings.
    pub num_iterations: Option<u64>,
    /// Most rows that are computed together.
    pub device_batch_size: usize,
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
    pub dtype: TrainingDtype,
    /// The type of what optimizers remember. Absent: what a checkpoint has, and without one float32,
    /// unless nothing else fits.
    pub state_dtype: Option<TrainingDtype>,
    /// Compute a block's values again on the way back, instead of keeping them.
    pub recompute: bool,
    /// The most that the process may use. Absent: what the machine can spare.
    pub max_memory: Option<ByteSize>,
    /// The largest norm of all gradients together; 0 for no limit.
    pub gradient_clip: f64,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            output: PathBuf::new(),
            num_iterations: None,
            device_batch_size: 8,
            strict: false,
            eval_every: 250,
            eval_tokens: 10_485_760,
            save_every: 250,
            keep: 2,
            seed: 0,
            dtype: TrainingDtype::Float32,
            state_dtype: None,
            recompute: false,
            max_memory: None,
            gradient_clip: Rates::default().gradient_clip,
        }
    }
}

/// Fields of [`RunConfig`] in which a run that goes on may differ from what it was: none changes what is
/// computed but by the rounding of a sum. With other types of numbers losses soon differ by a hundredth.
pub(crate) const MAY_CHANGE: [&str; 9] = [
    "output",
    "device-batch-size",
    "strict",
    "eval-every",
    "eval-tokens",
    "save-every",
    "keep",
    "recompute",
    "max-memory",
];

impl RunConfig {
    /// Refuses what cannot be in any run.
    ///
    /// # Errors
    /// When a field has a value that it cannot have.
    pub(crate) fn check(&self) -> Result<(), TrainError> {
        let problem = match self {
            Self { output, .. } if output.as_os_str().is_empty() => {
                "nowhere to write is given; say where with --output"
            }
            Self {
                device_batch_size: 0,
                ..
            } => "--device-batch-size 0 computes nothing; give at least 1",
            Self {
                num_iterations: Some(0),
                ..
            } => "--num-iterations 0 trains nothing; give at least 1",
            Self { keep: 0, .. } => {
                "--keep 0 would keep no checkpoint to go on from; give at least 1"
            }
            _ => return require_not_negative("gradient-clip", self.gradient_clip),
        };
        Err(TrainError::setting(problem))
    }

    /// How rows of that many tokens are read.
    pub(crate) fn data(
        &self,
        source: DataSource,
        content: Content,
        context: usize,
    ) -> DataSettings {
        DataSettings {
            context,
            random_seed: self.seed,
            is_strict: self.strict,
            ..DataSettings::new(source, content)
        }
    }

    /// Tokens that an evaluation predicts; `None` for no evaluation.
    pub(crate) fn evaluated_tokens(&self) -> Option<u64> {
        (self.eval_every > 0).then_some(self.eval_tokens)
    }
}

/// Refuses what is no rate and no limit.
///
/// # Errors
/// When the setting `name` is less than 0, infinite or no number.
pub(crate) fn require_not_negative(name: &str, value: f64) -> Result<(), TrainError> {
    match value.is_finite() && value >= 0.0 {
        true => Ok(()),
        false => Err(TrainError::setting(format!(
            "--{name} {value} cannot be; give a number of at least 0"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::run::{from_fields, to_fields};

    #[test]
    fn what_cannot_be_is_refused_with_what_to_give() {
        let refusal = |field: &str, value| {
            let config: RunConfig = from_fields(json!({"output": "run", field: value})).unwrap();
            config.check().unwrap_err().to_string()
        };
        assert!(refusal("output", json!("")).contains("--output"));
        assert!(refusal("device-batch-size", json!(0)).contains("--device-batch-size 0"));
        assert!(refusal("num-iterations", json!(0)).contains("--num-iterations 0"));
        assert!(refusal("keep", json!(0)).contains("--keep 0"));
        assert!(refusal("gradient-clip", json!(-0.5)).contains("--gradient-clip -0.5"));
    }

    #[test]
    fn what_may_change_is_among_the_fields() {
        let fields = to_fields(&RunConfig::default()).unwrap();
        assert!(MAY_CHANGE.iter().all(|name| fields.get(name).is_some()));
    }
}
