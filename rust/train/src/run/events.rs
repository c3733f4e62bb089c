//! What a run tells whoever watches it.

use std::path::{Path, PathBuf};

use crate::data::SkippedShards;
use crate::plan::MemoryPlan;
use crate::record::{EvaluationRecord, StepRecord};

/// Something that happened.
#[derive(Debug)]
pub enum TrainingEvent<'a> {
    /// How steps are cut. Told again when memory made it change.
    Planned(&'a MemoryPlan),
    /// The plan was tried: what the process took at its peak, where the system tells.
    Tried {
        /// Of the process, since its start.
        peak_footprint_bytes: Option<u64>,
    },
    /// Steps begin.
    Begun {
        /// Steps that the run has behind it; more than none where it goes on from a checkpoint.
        step: u64,
        /// Steps of the whole run.
        all_steps: u64,
    },
    /// Something that a person should know, one sentence.
    Note(String),
    /// Something of the data could not be read: all that was left out so far.
    Skipped(&'a SkippedShards),
    /// A step was done.
    Step(&'a StepRecord),
    /// Held-out text was predicted.
    Evaluated(&'a EvaluationRecord),
    /// A checkpoint stands.
    Saved(&'a Path),
}

/// Whoever watches a run.
pub trait Observer {
    /// Told on the thread that trains, between two pieces of work.
    fn happened(&mut self, event: TrainingEvent<'_>);

    /// Whether the run is to save what is finished and end. Asked between any two blocks.
    fn wants_stop(&self) -> bool;
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Steps done, those before it was resumed included.
    pub steps: u64,
    /// Steps that there were to be.
    pub all_steps: u64,
    /// Tokens trained on.
    pub tokens: u64,
    /// The last step's loss in nats per token.
    pub loss: Option<f64>,
    /// The last evaluation.
    pub evaluation: Option<EvaluationRecord>,
    /// The largest footprint that the process had, where the system tells.
    pub peak_footprint_bytes: Option<u64>,
    /// The model's directory, once the run is through.
    pub model: Option<PathBuf>,
}
