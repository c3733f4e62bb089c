//! What a training run beside this process is doing, from the log in its output directory.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use headroom_memory::ByteSize;
use headroom_train::TrainError;
use headroom_train::record::{
    LOG_FILE, LastRecords, RecordError, RunningRun, StepRecord, last_records, running_run,
};
use indicatif::HumanCount;
use serde_json::{Value, json};

use super::share::{percent, share};
use super::table::size;
use crate::error::CliError;

/// One look at a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RunStatus {
    output: PathBuf,
    last: LastRecords,
    running: Option<RunningRun>,
}

impl RunStatus {
    /// A run that has not begun is no error: who watches may have come first.
    pub(super) fn read(output: &Path) -> Result<Self, CliError> {
        let last = match last_records(&output.join(LOG_FILE)) {
            Err(RecordError::NoLog { .. }) => LastRecords::default(),
            last => last.map_err(TrainError::from)?,
        };
        Ok(Self {
            output: output.to_owned(),
            last,
            running: running_run(output).map_err(TrainError::from)?,
        })
    }

    /// The last step that it has done.
    pub(super) fn step(&self) -> Option<&StepRecord> {
        self.last.step.as_ref()
    }

    /// What it is and how far it has come, each a piece of a line.
    pub(super) fn progress(&self) -> Vec<String> {
        let mut pieces = vec![self.state()];
        if let Some(step) = self.step() {
            pieces.push(format!("step {}", HumanCount(step.step)));
            pieces.push(format!("loss {:.4}", step.loss));
            pieces.extend(self.bits_per_byte());
            let speed = HumanCount(step.tokens_per_second.round() as u64);
            pieces.push(format!("{speed} tokens/s"));
        }
        pieces
    }

    /// As [`Self::progress`], and what it holds.
    pub(super) fn pieces(&self) -> Vec<String> {
        let memory = self.step().into_iter().flat_map(memory_pieces);
        self.progress().into_iter().chain(memory).collect()
    }

    fn state(&self) -> String {
        match (&self.running, &self.last.step) {
            (Some(run), _) if run.is_alive => format!("training in process {}", run.process_id),
            (Some(_), _) => "training ended without a word".to_owned(),
            (None, Some(_)) => "training has ended".to_owned(),
            (None, None) => format!("nothing trains in {} yet", self.output.display()),
        }
    }

    fn bits_per_byte(&self) -> Option<String> {
        let evaluation = self.last.evaluation?;
        Some(format!("{:.4} bits per byte", evaluation.bits_per_byte))
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let started = self.running.and_then(|run| {
            let since = run.started.duration_since(UNIX_EPOCH);
            since.ok().map(|since| since.as_secs())
        });
        json!({
            "output": self.output,
            "is_running": self.running.is_some_and(|run| run.is_alive),
            "process_id": self.running.map(|run| run.process_id),
            "started_unix_seconds": started,
            "step": self.last.step,
            "evaluation": self.last.evaluation,
        })
    }
}

fn memory_pieces(step: &StepRecord) -> [String; 4] {
    let of_budget = percent(share(step.footprint_bytes, step.budget_bytes));
    [
        format!("footprint {} ({of_budget})", size(step.footprint_bytes)),
        format!("budget {}", size(step.budget_bytes)),
        format!("MLX active {}", ByteSize::from_bytes(step.active_bytes)),
        format!("peak {}", ByteSize::from_bytes(step.peak_bytes)),
    ]
}

#[cfg(test)]
pub(super) mod examples {
    //! Runs that tests show.

    use std::collections::BTreeMap;
    use std::time::{Duration, SystemTime};

    use headroom_train::record::EvaluationRecord;

    use super::*;

    pub(in crate::memory) fn step() -> StepRecord {
        StepRecord {
            step: 1250,
            tokens: 1 << 20,
            loss: 3.25,
            bits_per_byte: None,
            learning_rate: 1.0,
            gradient_norm: 0.5,
            seconds: 2.0,
            tokens_per_second: 12_345.4,
            phases: BTreeMap::new(),
            active_bytes: 300 << 20,
            cache_bytes: 20 << 20,
            peak_bytes: 500 << 20,
            footprint_bytes: Some(600 << 20),
            budget_bytes: Some(1 << 30),
        }
    }

    /// A run that has done a step and an evaluation.
    pub(in crate::memory) fn running(is_alive: bool) -> RunStatus {
        let started: SystemTime = UNIX_EPOCH + Duration::from_secs(9);
        RunStatus {
            output: PathBuf::from("target/train"),
            last: LastRecords {
                step: Some(step()),
                evaluation: Some(EvaluationRecord {
                    step: 1250,
                    bits_per_byte: 1.5,
                    loss: 3.5,
                    tokens: 1,
                    bytes: 1,
                    seconds: 1.0,
                    peak_bytes: None,
                }),
            },
            running: Some(RunningRun {
                process_id: 77,
                started,
                is_alive,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use headroom_train::record::{RunLog, RunningMarker};

    use super::*;

    #[test]
    fn the_pieces_tell_step_loss_speed_and_memory() {
        let expected = [
            "training in process 77",
            "step 1,250",
            "loss 3.2500",
            "1.5000 bits per byte",
            "12,345 tokens/s",
            "footprint 600.0 MiB (59 %)",
            "budget 1.0 GiB",
            "MLX active 300.0 MiB",
            "peak 500.0 MiB",
        ];
        assert_eq!(examples::running(true).pieces(), expected);
    }

    #[test]
    fn a_run_that_is_there_one_that_was_killed_and_one_that_ended_are_told_apart() {
        let output = tempfile::tempdir().unwrap();
        let state = || RunStatus::read(output.path()).unwrap().pieces().remove(0);
        assert!(state().starts_with("nothing trains in "));
        let marker = RunningMarker::create(output.path()).unwrap();
        assert!(state().starts_with("training in process "));
        let mut log = RunLog::create(&output.path().join(LOG_FILE)).unwrap();
        log.append_step(&examples::step()).unwrap();
        drop(marker);
        assert_eq!(state(), "training has ended");
        let killed = examples::running(false).pieces().remove(0);
        assert_eq!(killed, "training ended without a word");
    }

    #[test]
    fn unknown_figures_are_null_for_programs() {
        let output = tempfile::tempdir().unwrap();
        let json = RunStatus::read(output.path()).unwrap().json();
        assert_eq!(json["is_running"], false);
        for name in ["process_id", "started_unix_seconds", "step", "evaluation"] {
            assert!(json[name].is_null(), "{name}");
        }
        let json = examples::running(true).json();
        assert_eq!(
            (&json["is_running"], &json["process_id"]),
            (&json!(true), &json!(77))
        );
        assert_eq!(json["step"]["footprint_bytes"], 600 << 20);
    }
}
