//! One training run's figures, whoever trained.

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::setting::Setting;

/// The head starts with zeros, so that every token is as likely; losses are means of float32 sums.
const FIRST_LOSS_TOLERANCE: f64 = 1e-3;

/// What a run was like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Run {
    /// Nats per token, before each step.
    pub(crate) losses: Vec<f64>,
    pub(crate) step_seconds: Vec<f64>,
    pub(crate) peak_mlx_bytes: u64,
    pub(crate) peak_resident_bytes: Option<u64>,
}

/// What `train_peer.py` prints.
#[derive(Deserialize)]
struct PeerFigures {
    losses: Vec<f64>,
    step_seconds: Vec<f64>,
    peak_mlx_bytes: u64,
    weight_bytes: u64,
    state_bytes: u64,
}

/// A line of Headroom's log; `headroom_train::record` says what each field means.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line {
    Step(Step),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Step {
    loss: f64,
    seconds: f64,
    peak_bytes: u64,
}

impl Line {
    fn step(self) -> Option<Step> {
        match self {
            Self::Step(step) => Some(step),
            Self::Other => None,
        }
    }
}

impl Run {
    pub(crate) fn of_peer(
        output: &str,
        peak_resident_bytes: Option<u64>,
        setting: &Setting,
    ) -> Result<Self> {
        let figures: PeerFigures = serde_json::from_str(output)
            .context("the figures of Python MLX are not as expected")?;
        ensure!(
            (figures.weight_bytes, figures.state_bytes)
                == (setting.weight_bytes(), setting.state_bytes()),
            "Python MLX trained another model than {setting}"
        );
        Self {
            losses: figures.losses,
            step_seconds: figures.step_seconds,
            peak_mlx_bytes: figures.peak_mlx_bytes,
            peak_resident_bytes,
        }
        .checked(setting)
    }

    /// Reads the log; lines that are no steps, such as evaluations, are passed over.
    pub(crate) fn of_log(
        log: &str,
        peak_resident_bytes: Option<u64>,
        setting: &Setting,
    ) -> Result<Self> {
        let lines: Vec<Line> = log
            .lines()
            .map(serde_json::from_str)
            .collect::<std::result::Result<_, _>>()
            .context("headroom's log is not as expected")?;
        let steps: Vec<Step> = lines.into_iter().filter_map(Line::step).collect();
        Self {
            losses: steps.iter().map(|step| step.loss).collect(),
            step_seconds: steps.iter().map(|step| step.seconds).collect(),
            peak_mlx_bytes: steps.iter().map(|step| step.peak_bytes).max().unwrap_or(0),
            peak_resident_bytes,
        }
        .checked(setting)
    }

    /// Both must have trained the same model for as long.
    fn checked(self, setting: &Setting) -> Result<Self> {
        ensure!(
            self.losses.len() as u64 == setting.steps,
            "{} of {} steps of {setting} were told of",
            self.losses.len(),
            setting.steps
        );
        let expected = (setting.vocabulary as f64).ln();
        ensure!(
            self.losses
                .first()
                .is_some_and(|loss| (loss - expected).abs() < FIRST_LOSS_TOLERANCE),
            "the first loss of {setting} is {:?} where an untrained model's is {expected:.4}",
            self.losses.first()
        );
        Ok(self)
    }

    /// Without the first step, which also sets up; `None` of a single one.
    pub(crate) fn tokens_per_second(&self, setting: &Setting) -> Option<f64> {
        let later = self.step_seconds.get(1..).filter(|rest| !rest.is_empty())?;
        let tokens = setting.tokens_per_step() as f64 * later.len() as f64;
        Some(tokens / later.iter().sum::<f64>())
    }

    /// Of the process, code and interpreter included.
    pub(crate) fn resident_above_floor(&self, setting: &Setting) -> Option<f64> {
        self.peak_resident_bytes
            .map(|bytes| bytes.saturating_sub(setting.floor_bytes()) as f64)
    }

    /// Of MLX's arrays.
    pub(crate) fn mlx_above_floor(&self, setting: &Setting) -> f64 {
        self.peak_mlx_bytes.saturating_sub(setting.floor_bytes()) as f64
    }

    pub(crate) fn last_loss(&self) -> Option<f64> {
        self.losses.last().copied()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const SMALL: Setting = Setting {
        depth: 1,
        vocabulary: 8,
        context: 10,
        device_batch_size: 2,
        micro_batches: 1,
        steps: 3,
    };

    #[test]
    fn speed_leaves_out_the_first_step() {
        let run = Run {
            losses: vec![2.0; 3],
            step_seconds: vec![100.0, 3.0, 1.0],
            peak_mlx_bytes: 0,
            peak_resident_bytes: None,
        };
        assert_eq!(run.tokens_per_second(&SMALL), Some(10.0));
    }

    #[test]
    fn a_log_is_read_with_its_evaluations_passed_over() {
        let log = r#"{"kind":"step","step":1,"loss":2.0794,"seconds":1.0,"peak_bytes":7,"more":1}
{"kind":"evaluation","step":1,"bits_per_byte":1.5,"loss":2.0,"seconds":9.0}
{"kind":"step","step":2,"loss":2.0,"seconds":0.5,"peak_bytes":9}
{"kind":"step","step":3,"loss":1.9,"seconds":0.5,"peak_bytes":8}
"#;
        let run = Run::of_log(log, Some(5), &SMALL).unwrap();
        assert_eq!(run.step_seconds, [1.0, 0.5, 0.5]);
        assert_eq!((run.peak_mlx_bytes, run.last_loss()), (9, Some(1.9)));
    }

    #[test]
    fn a_run_of_too_few_steps_or_of_another_start_is_refused() {
        let line = |loss: f64| {
            format!("{{\"kind\":\"step\",\"loss\":{loss},\"seconds\":1,\"peak_bytes\":1}}\n")
        };
        assert!(Run::of_log(&line(2.0794), None, &SMALL).is_err());
        assert!(Run::of_log(&line(2.5).repeat(3), None, &SMALL).is_err());
        assert!(Run::of_log(&line(2.0794).repeat(3), None, &SMALL).is_ok());
    }
}
