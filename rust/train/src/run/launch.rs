//! From what a run is to be to its first step: checkpoints are looked for, the plan is found and tried,
//! and what was saved is taken up again.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::checkpoint::{CheckpointStore, SavedCheckpoint, require_same_configuration};
use crate::data::{DataCursor, DataSettings, TrainingRows, ValidationRows};
use crate::error::TrainError;
use crate::record::{LOG_FILE, RunLog, RunningMarker};
use crate::run::cut::Cut;
use crate::run::events::{Observer, Outcome, TrainingEvent};
use crate::run::steps::{Run, RunSettings};
use crate::run::training::{Beginning, Training};
use crate::tokenizer::TrainingTokenizer;

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
    pub(crate) cut: Cut,
    pub(crate) data: DataSettings,
    /// Tokens that an evaluation predicts; `None` for no evaluation.
    pub(crate) eval_tokens: Option<u64>,
    pub(crate) tokenizer: Arc<TrainingTokenizer>,
    pub(crate) settings: RunSettings,
    /// Settings in which a run that goes on may differ.
    pub(crate) may_change: &'a [&'a str],
}

impl OutputDirectory {
    /// Makes the directory where it is missing, and looks for a checkpoint to go on from.
    ///
    /// # Errors
    /// When another process trains there, when a run is there and is not to go on, or when the disk
    /// refuses.
    pub(crate) fn open(
        path: &Path,
        keep: usize,
        resume: Resume,
        observer: &mut dyn Observer,
    ) -> Result<Self, TrainError> {
        std::fs::create_dir_all(path).map_err(|source| TrainError::Output {
            path: path.to_owned(),
            source,
        })?;
        let running = RunningMarker::create(path)?;
        let store = CheckpointStore::open(&path.join("checkpoints"), NonZeroUsize::new(keep))?;
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
            require_same_configuration(before, &settings.configuration, launch.may_change)?;
        }
        let tokenizer = launch.tokenizer;
        let held_out = launch
            .eval_tokens
            .map(|tokens| ValidationRows::open(&launch.data, Arc::clone(&tokenizer), tokens));
        let from = saved.as_ref().map(cursor).transpose()?;
        let rows = TrainingRows::open(&launch.data, tokenizer, from.as_ref())?;
        let plans = launch.cut.plans(launch.beginning.geometry)?;
        let mut training = Training::begin(launch.beginning, plans, settings.seed)?;
        training.try_plan(observer)?;
        if let Some(saved) = &saved {
            training.restore(saved)?;
        }
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

fn cursor(saved: &SavedCheckpoint) -> Result<DataCursor, TrainError> {
    let cursor: Value = saved.state().cursor.clone();
    serde_json::from_value(cursor).map_err(|error| TrainError::Cursor {
        directory: saved.directory().to_owned(),
        problem: error.to_string(),
    })
}
