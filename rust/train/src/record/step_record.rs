//! What is written down of a step and of an evaluation.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

/// One optimizer step. Byte figures are those at its end, peaks those since its beginning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Its number; the first is 1.
    pub step: u64,
    /// Tokens trained on so far, this step included.
    pub tokens: u64,
    /// Training loss in nats per token. NaN is null in the log.
    #[serde(deserialize_with = "nan_where_null")]
    pub loss: f64,
    /// Bits per byte of the training text, where the bytes are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits_per_byte: Option<f64>,
    /// Learning rate as a share of the schedule's peak.
    #[serde(deserialize_with = "nan_where_null")]
    pub learning_rate: f64,
    /// Global norm of the gradient before it is clipped.
    #[serde(deserialize_with = "nan_where_null")]
    pub gradient_norm: f64,
    /// Wall-clock time.
    #[serde(deserialize_with = "nan_where_null")]
    pub seconds: f64,
    /// Tokens of this step for each second of it.
    #[serde(deserialize_with = "nan_where_null")]
    pub tokens_per_second: f64,
    /// What its phases took; empty where that was not measured.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub phases: BTreeMap<Phase, PhaseCost>,
    /// Held by MLX's arrays.
    pub active_bytes: u64,
    /// Freed, but kept by MLX for reuse.
    pub cache_bytes: u64,
    /// The most that was active.
    pub peak_bytes: u64,
    /// Footprint of the process.
    pub footprint_bytes: Option<u64>,
    /// What the process may use.
    pub budget_bytes: Option<u64>,
}

impl StepRecord {
    /// What is left of the budget.
    pub fn budget_left_bytes(&self) -> Option<u64> {
        Some(self.budget_bytes?.saturating_sub(self.footprint_bytes?))
    }
}

/// A part of a step, in the order of their work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Waiting for rows of tokens.
    Data,
    /// Blocks from first to last.
    Forward,
    /// Logits, loss and their gradient.
    Head,
    /// Blocks from last to first.
    Backward,
    /// Clipping and the optimizer.
    Update,
    /// Loss on held-out text.
    Evaluation,
}

impl Phase {
    /// Every phase, in the order of their work.
    pub const ALL: [Self; 6] = [
        Self::Data,
        Self::Forward,
        Self::Head,
        Self::Backward,
        Self::Update,
        Self::Evaluation,
    ];

    /// Its name, as in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Forward => "forward",
            Self::Head => "head",
            Self::Backward => "backward",
            Self::Update => "update",
            Self::Evaluation => "evaluation",
        }
    }
}

/// What a phase took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseCost {
    /// Wall-clock time, all its parts in a step together.
    #[serde(deserialize_with = "nan_where_null")]
    pub seconds: f64,
    /// The most that was active in it.
    pub peak_bytes: u64,
}

/// One look at held-out text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRecord {
    /// Steps done before it.
    pub step: u64,
    /// Nats over ln 2 times the bytes.
    #[serde(deserialize_with = "nan_where_null")]
    pub bits_per_byte: f64,
    /// Nats per token.
    #[serde(deserialize_with = "nan_where_null")]
    pub loss: f64,
    /// Tokens that counted.
    pub tokens: u64,
    /// Bytes of text that they stand for.
    pub bytes: u64,
    /// Wall-clock time.
    #[serde(deserialize_with = "nan_where_null")]
    pub seconds: f64,
    /// The most that was active in it, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_bytes: Option<u64>,
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Record {
    /// A step.
    Step(StepRecord),
    /// An evaluation.
    Evaluation(EvaluationRecord),
}

impl Record {
    /// Steps done when it was written.
    pub fn step(&self) -> u64 {
        match self {
            Self::Step(record) => record.step,
            Self::Evaluation(record) => record.step,
        }
    }
}

/// JSON has no NaN; it is written as null.
fn nan_where_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
pub(crate) mod example {
    use super::*;

    /// Falls towards `last`, in steps that JSON tells exactly.
    fn falling(first: f64, last: f64, step: u64) -> f64 {
        let value = last + (first - last) / (1.0 + step as f64 / 50.0);
        (1024.0 * value).round() / 1024.0
    }

    /// A step whose figures follow from its number.
    pub(crate) fn step(step: u64) -> StepRecord {
        StepRecord {
            step,
            tokens: 512 * step,
            loss: falling(10.0, 2.0, step),
            bits_per_byte: None,
            learning_rate: 1.0,
            gradient_norm: 0.5,
            seconds: 0.25,
            tokens_per_second: 2048.0,
            phases: BTreeMap::new(),
            active_bytes: 300 << 20,
            cache_bytes: 20 << 20,
            peak_bytes: 500 << 20,
            footprint_bytes: Some(600 << 20),
            budget_bytes: Some(1 << 30),
        }
    }

    pub(crate) fn evaluation(step: u64) -> EvaluationRecord {
        EvaluationRecord {
            step,
            bits_per_byte: falling(3.0, 1.0, step),
            loss: falling(10.25, 2.25, step),
            tokens: 4096,
            bytes: 16_000,
            seconds: 1.0,
            peak_bytes: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_flat_line_and_comes_back() {
        let mut step = example::step(3);
        let cost = PhaseCost {
            seconds: 0.5,
            peak_bytes: 7,
        };
        step.phases.insert(Phase::Backward, cost);
        for record in [
            Record::Step(step),
            Record::Evaluation(example::evaluation(3)),
        ] {
            let line = serde_json::to_string(&record).unwrap();
            assert!(line.starts_with(r#"{"kind":""#) && !line.contains('\n'));
            assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), record);
        }
    }

    #[test]
    fn a_loss_that_is_no_number_stays_none() {
        let step = StepRecord {
            loss: f64::NAN,
            ..example::step(1)
        };
        let line = serde_json::to_string(&step).unwrap();
        assert!(line.contains(r#""loss":null"#), "{line}");
        assert!(
            serde_json::from_str::<StepRecord>(&line)
                .unwrap()
                .loss
                .is_nan()
        );
    }

    #[test]
    fn what_is_left_is_unknown_where_either_figure_is() {
        let step = example::step(1);
        assert_eq!(step.budget_left_bytes(), Some((1 << 30) - (600 << 20)));
        let blind = StepRecord {
            footprint_bytes: None,
            ..step
        };
        assert_eq!(blind.budget_left_bytes(), None);
    }
}
