//! From what a run is to be to its first step: checkpoints are looked for, the plan is found and tried,
//! and what was saved is taken up again.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::checkpoint::{CheckpointStore, SavedCheckpoint, require_same_configuration};
use crate::data::{DataCursor, DataSettings, TrainingRows, ValidationRows};
use crate::error::TrainError;
use crate::record::{LOG_FILE, RunLog, RunningMarker};
use crate::run::config::{MAY_CHANGE, RunConfig};
use crate::run::events::{Observer, Outcome, TrainingEvent};
use crate::run::steps::{Run, RunSettings};
use crate::run::training::{Beginning, Training};
use crate::tokenizer::TrainingTokenizer;
use crate::training_dtype::TrainingDtype;

/// Whether a run goes on from what lies in its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// It begins anew; a run that is there already is refused.
    No,
    /// It goes on from the newest checkpoint that verifies.
    Yes,
}

/// The output of a run, which is this process's alone.
pub(crate) struct OutputDirectory {
    path: PathBuf,
    store: CheckpointStore,
    saved: Option<SavedCheckpoint>,
    _running: RunningMarker,
}

/// What a run is to be.
pub(crate) struct Launch<'a> {
    pub(crate) beginning: Beginning<'a>,
    pub(crate) data: DataSettings,
    pub(crate) tokenizer: Arc<TrainingTokenizer>,
    pub(crate) settings: RunSettings,
    /// Settings of its kind in which a run that goes on may differ from what it was.
    pub(crate) may_change: &'a [&'a str],
}

impl OutputDirectory {
    /// Makes the directory where it is missing, and looks for a checkpoint to go on from.
    ///
    /// # Errors
    /// When another process trains there, when a run is there and is not to go on, or when the disk
    /// refuses.
    pub(crate) fn open(
        config: &RunConfig,
        resume: Resume,
        observer: &mut dyn Observer,
    ) -> Result<Self, TrainError> {
        let path = &config.output;
        std::fs::create_dir_all(path).map_err(|source| TrainError::Output {
            path: path.to_owned(),
            source,
        })?;
        let running = RunningMarker::create(path)?;
        let store =
            CheckpointStore::open(&path.join("checkpoints"), NonZeroUsize::new(config.keep))?;
        let latest = store.latest()?;
        for passed in &latest.passed_over {
            observer.happened(TrainingEvent::Note(passed.reason.to_string()));
        }
        if latest.checkpoint.is_some() && resume == Resume::No {
            return Err(TrainError::RunExists {
                output: path.to_owned(),
            });
        }
        if latest.checkpoint.is_none() && resume == Resume::Yes {
            let sentence = "there is no checkpoint to go on from; the run begins anew";
            observer.happened(TrainingEvent::Note(sentence.to_owned()));
        }
        Ok(Self {
            path: path.to_owned(),
            store,
            saved: latest.checkpoint,
            _running: running,
        })
    }

    /// Trains to the end, or until `observer` wants a stop.
    ///
    /// # Errors
    /// [`TrainError`]; whatever it is, the last checkpoint stands.
    pub(crate) fn train(
        self,
        launch: Launch,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, TrainError> {
        let Self {
            path,
            store,
            saved,
            _running,
        } = self;
        let settings = launch.settings;
        if let Some(saved) = &saved {
            let before = &saved.state().configuration;
            let may_change = [&MAY_CHANGE, launch.may_change].concat();
            require_same_configuration(before, &settings.configuration, &may_change)?;
        }
        let tokenizer = launch.tokenizer;
        let held_out = settings.config.evaluated_tokens();
        let held_out = held_out
            .map(|tokens| ValidationRows::open(&launch.data, Arc::clone(&tokenizer), tokens));
        let from = saved.as_ref().map(cursor).transpose()?;
        let rows = TrainingRows::open(&launch.data, tokenizer, from.as_ref())?;
        let config = &settings.config;
        let training = training(launch.beginning, config, saved.as_ref(), observer)?;
        let done = training.optimizer.step;
        observer.happened(TrainingEvent::Begun {
            step: done,
            all_steps: settings.steps,
        });
        let run = Run {
            training,
            rows: Box::new(rows),
            held_out: held_out.transpose()?,
            store,
            // A run that ended before its first checkpoint may have left one.
            log: RunLog::resume_at(&path.join(LOG_FILE), done)?,
            settings,
            observer,
        };
        run.run(saved.map(|_| done))
    }
}

/// A model in training that is as far as its checkpoint, with a plan that holds.
fn training(
    beginning: Beginning,
    config: &RunConfig,
    saved: Option<&SavedCheckpoint>,
    observer: &mut dyn Observer,
) -> Result<Training, TrainError> {
    // What is free decides once how precisely a run remembers, and not again when it goes on.
    let state_dtype = config.state_dtype.or_else(|| saved.and_then(state_dtype));
    let plans = config.plans(&beginning, state_dtype)?;
    let mut training = Training::begin(beginning, plans, config.seed)?;
    training.try_plan(observer)?;
    if let Some(saved) = saved {
        training.restore(saved)?;
    }
    Ok(training)
}

/// The type in which the optimizers remembered.
fn state_dtype(saved: &SavedCheckpoint) -> Option<TrainingDtype> {
    let (_, stored) = saved.optimizer().checkpoint().tensors().next()?;
    TrainingDtype::stored(stored.dtype)
}

fn cursor(saved: &SavedCheckpoint) -> Result<DataCursor, TrainError> {
    let cursor: Value = saved.state().cursor.clone();
    serde_json::from_value(cursor).map_err(|error| TrainError::Cursor {
        directory: saved.directory().to_owned(),
        problem: error.to_string(),
    })
}
