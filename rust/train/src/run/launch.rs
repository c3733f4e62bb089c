//! From what a run is to be to its first step: checkpoints are looked for, the plan is found and tried,
//! and what was saved is taken up again.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use headroom_engine::{memory_state, set_max_memory};
use headroom_memory::{ByteSize, MaxMemory, peak_footprint_bytes};
use headroom_mlx::{Array, Dtype, Processor};
use serde_json::Value;

use crate::checkpoint::{CheckpointStore, SavedCheckpoint, require_same_configuration};
use crate::data::{DataCursor, DataSettings, TrainingRows, ValidationRows};
use crate::error::TrainError;
use crate::model::{Geometry, Parameters};
use crate::optimizer::{Rates, Schedule, StateDtype};
use crate::plan::PlanRequest;
use crate::record::{LOG_FILE, RunLog, RunningMarker};
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
    pub(crate) geometry: Geometry,
    /// The weights to begin with.
    pub(crate) weights: Box<dyn FnOnce() -> Result<Parameters<Array>, TrainError> + 'a>,
    pub(crate) rates: Rates,
    pub(crate) schedule: Schedule,
    pub(crate) cut: Cut,
    pub(crate) data: DataSettings,
    /// Tokens that an evaluation predicts; `None` for no evaluation.
    pub(crate) eval_tokens: Option<u64>,
    pub(crate) tokenizer: Arc<TrainingTokenizer>,
    pub(crate) settings: RunSettings,
    /// Settings in which a run that goes on may differ.
    pub(crate) may_change: &'a [&'a str],
}

/// What a plan has to keep to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    /// Most rows that are computed together.
    pub(crate) rows: usize,
    pub(crate) dtype: Dtype,
    pub(crate) state_dtype: Option<StateDtype>,
    pub(crate) recompute: bool,
    pub(crate) max_memory: Option<ByteSize>,
}

/// On two cores, rows of 512 tokens were as fast alone as four at a time, and took a third of the memory.
const ENOUGH_TOKENS_OF_A_CPU: usize = 512;

/// What reading ahead comes to take behind the first rows: three blocks of text with their tokens.
const DATA_BYTES: u64 = 48 << 20;

/// The part of what is free that a run without a limit takes for itself.
const SHARE_OF_AVAILABLE: f64 = 0.9;

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
        let plans = launch.cut.plan_request(launch.geometry)?.plans()?;
        let mut training = Training::begin(Beginning {
            geometry: launch.geometry,
            weights: (launch.weights)()?,
            rates: launch.rates,
            schedule: launch.schedule,
            plans,
        })?;
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

impl Cut {
    /// What is planned, within what the user says or most of what is free.
    fn plan_request(&self, geometry: Geometry) -> Result<PlanRequest, TrainError> {
        headroom_mlx::warm_up_products()?;
        let limit_bytes = self.limit()?;
        Ok(PlanRequest {
            geometry,
            rows: self.rows,
            enough_tokens: match Processor::current() {
                Processor::Cpu => ENOUGH_TOKENS_OF_A_CPU,
                Processor::Gpu => usize::MAX,
            },
            weight_bytes: match self.dtype {
                Dtype::Float32 => 4,
                _ => 2,
            },
            state_dtype: self.state_dtype,
            recompute: self.recompute,
            process_bytes: process_bytes()?,
            limit_bytes,
        })
    }

    fn limit(&self) -> Result<Option<u64>, TrainError> {
        if let Some(size) = self.max_memory {
            let limit =
                MaxMemory::from_bytes(size.bytes()).map_err(|error| TrainError::Setting {
                    problem: error.to_string(),
                })?;
            set_max_memory(Some(limit))?;
            return Ok(Some(limit.bytes()));
        }
        let state = memory_state()?;
        let free = state
            .available_bytes
            .map(|free| (free as f64 * SHARE_OF_AVAILABLE) as u64);
        Ok(free.map(|free| state.used_bytes.unwrap_or(0).saturating_add(free)))
    }
}

/// What the process has used so far at its most: the kernel counts pages of program files in it, which
/// whoever limits the process may count as well.
fn process_bytes() -> Result<u64, TrainError> {
    let used = memory_state()?.used_bytes.unwrap_or(0);
    Ok(peak_footprint_bytes().unwrap_or(0).max(used) + DATA_BYTES)
}

fn cursor(saved: &SavedCheckpoint) -> Result<DataCursor, TrainError> {
    let cursor: Value = saved.state().cursor.clone();
    serde_json::from_value(cursor).map_err(|error| TrainError::Cursor {
        directory: saved.directory().to_owned(),
        problem: error.to_string(),
    })
}
