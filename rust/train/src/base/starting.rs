//! From settings to a run.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use headroom_engine::{memory_state, set_max_memory};
use headroom_memory::MaxMemory;

use crate::base::config::{BaseConfig, MAY_CHANGE};
use crate::checkpoint::{CheckpointStore, SavedCheckpoint, require_same_configuration};
use crate::data::{Content, DataCursor, DataSettings, DataSource, TrainingRows, ValidationRows};
use crate::error::TrainError;
use crate::model::{Geometry, initial_weights};
use crate::optimizer::Schedule;
use crate::plan::PlanRequest;
use crate::record::{RunLog, RunningMarker};
use crate::run::{Beginning, Observer, Outcome, Run, RunSettings, Training, TrainingEvent};
use crate::tokenizer::{TokenizerRequest, TrainingTokenizer, learn};

/// Whether a run goes on from what lies in its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// It begins anew; a run that is there already is refused.
    No,
    /// It goes on from the newest checkpoint that verifies.
    Yes,
}

/// The part of what is free that a run without a limit takes for itself.
const SHARE_OF_AVAILABLE: f64 = 0.9;

/// Ids of a tokenizer that is learned where nobody says how many.
const USUAL_VOCABULARY: usize = 65_536;

/// Trains to the end, or until `observer` wants a stop.
///
/// The output holds `checkpoints/`, `log.jsonl` and, once the run is through, the model itself.
///
/// # Errors
/// [`TrainError`]; whatever it is, the last checkpoint stands.
pub fn train_base(
    config: &BaseConfig,
    resume: Resume,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    headroom_mlx::start()?;
    std::fs::create_dir_all(&config.output).map_err(|source| TrainError::Output {
        path: config.output.clone(),
        source,
    })?;
    let _running = RunningMarker::create(&config.output)?;
    let (store, saved) = open_store(config, resume, observer)?;
    let limit_bytes = limit(config)?;
    let directory = tokenizer_directory(config, observer)?;
    let tokenizer = Arc::new(TrainingTokenizer::read(&directory)?);
    let geometry = geometry(config, &tokenizer)?;
    let settings = settings(config, &geometry, directory)?;
    if let Some(saved) = &saved {
        require_same_configuration(
            &saved.state().configuration,
            &settings.configuration,
            &MAY_CHANGE,
        )?;
    }
    let data = data(config)?;
    let held_out = match config.eval_every {
        0 => None,
        _ => Some(ValidationRows::open(
            &data,
            Arc::clone(&tokenizer),
            config.eval_tokens,
        )?),
    };
    let from = saved.as_ref().map(cursor).transpose()?;
    let rows = TrainingRows::open(&data, tokenizer, from.as_ref())?;
    let mut training = begin(config, geometry, settings.steps, limit_bytes)?;
    training.try_plan(observer)?;
    let resumed_at = match &saved {
        Some(saved) => {
            training.restore(saved)?;
            let step = saved.state().step;
            observer.happened(TrainingEvent::Resumed { step });
            Some(step)
        }
        None => None,
    };
    drop(saved);
    let run = Run {
        training,
        rows: Box::new(rows),
        held_out,
        store,
        log: log(&config.output, resumed_at)?,
        settings,
        observer,
    };
    run.run(resumed_at)
}

/// The checkpoints of the output, and the one to go on from.
fn open_store(
    config: &BaseConfig,
    resume: Resume,
    observer: &mut dyn Observer,
) -> Result<(CheckpointStore, Option<SavedCheckpoint>), TrainError> {
    let directory = config.output.join("checkpoints");
    let store = CheckpointStore::open(&directory, NonZeroUsize::new(config.keep))?;
    let latest = store.latest()?;
    for passed in &latest.passed_over {
        observer.happened(TrainingEvent::Note(passed.reason.to_string()));
    }
    match (latest.checkpoint, resume) {
        (Some(_), Resume::No) => Err(TrainError::RunExists {
            output: config.output.clone(),
        }),
        (None, Resume::Yes) => {
            let sentence = "there is no checkpoint to go on from; the run begins anew";
            observer.happened(TrainingEvent::Note(sentence.to_owned()));
            Ok((store, None))
        }
        (saved, _) => Ok((store, saved)),
    }
}

/// What the process may use: what the user says, or most of what is free.
fn limit(config: &BaseConfig) -> Result<Option<u64>, TrainError> {
    if let Some(size) = config.max_memory {
        let limit = MaxMemory::from_bytes(size.bytes()).map_err(|error| TrainError::Setting {
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

/// The tokenizer's directory; where none is given, one is learned into the output, once.
fn tokenizer_directory(
    config: &BaseConfig,
    observer: &mut dyn Observer,
) -> Result<PathBuf, TrainError> {
    if let Some(directory) = &config.tokenizer {
        return Ok(directory.clone());
    }
    let directory = config.output.join("tokenizer");
    if directory.join("tokenizer.json").is_file() {
        return Ok(directory);
    }
    let request = TokenizerRequest {
        data: data(config)?,
        vocabulary_size: config.vocab.unwrap_or(USUAL_VOCABULARY),
        most_text_bytes: None,
    };
    let learned = learn(&request, &mut |_| match observer.wants_stop() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    })?;
    let report = learned.write(&directory)?;
    observer.happened(TrainingEvent::Note(format!(
        "learned a tokenizer of {} tokens from {} documents",
        report.vocabulary_size, report.documents
    )));
    Ok(directory)
}

fn geometry(config: &BaseConfig, tokenizer: &TrainingTokenizer) -> Result<Geometry, TrainError> {
    let has = tokenizer.vocabulary_size();
    match config.vocab {
        Some(vocabulary) if vocabulary != has && config.tokenizer.is_some() => {
            Err(TrainError::Vocabulary { vocabulary, has })
        }
        _ => Geometry::of_depth(config.depth, has, config.context),
    }
}

fn settings(
    config: &BaseConfig,
    geometry: &Geometry,
    tokenizer: PathBuf,
) -> Result<RunSettings, TrainError> {
    let configuration = serde_json::to_value(config).map_err(|error| TrainError::Setting {
        problem: error.to_string(),
    })?;
    Ok(RunSettings {
        rows_per_step: (config.total_batch_size / config.context as u64) as usize,
        steps: config.steps(geometry.parameters())?,
        eval_every: config.eval_every,
        save_every: config.save_every,
        seed: config.seed,
        configuration,
        tokenizer,
        output: config.output.clone(),
    })
}

fn data(config: &BaseConfig) -> Result<DataSettings, TrainError> {
    let source = DataSource::Local(PathBuf::from(&config.data));
    Ok(DataSettings {
        context: config.context,
        random_seed: config.seed,
        is_strict: config.strict,
        max_cached_shards: config.max_cached_shards,
        ..DataSettings::new(source, Content::Text)
    })
}

fn cursor(saved: &SavedCheckpoint) -> Result<DataCursor, TrainError> {
    let cursor = serde_json::from_value::<DataCursor>(saved.state().cursor.clone());
    cursor.map_err(|error| TrainError::Cursor {
        directory: saved.directory().to_owned(),
        problem: error.to_string(),
    })
}

fn begin(
    config: &BaseConfig,
    geometry: Geometry,
    steps: u64,
    limit_bytes: Option<u64>,
) -> Result<Training, TrainError> {
    headroom_mlx::warm_up_products()?;
    let request = PlanRequest {
        geometry,
        rows: config.device_batch_size,
        weight_bytes: config.dtype.size_bytes(),
        state_dtype: config.state_dtype,
        recompute: config.recompute,
        process_bytes: memory_state()?.used_bytes.unwrap_or(0),
        limit_bytes,
    };
    let plans = request.plans()?;
    Training::begin(Beginning {
        weights: initial_weights(&geometry, config.dtype.dtype(), config.seed)?,
        geometry,
        rates: config.rates(),
        schedule: Schedule {
            steps,
            warm_down_share: config.warm_down_share,
        },
        plans,
    })
}

fn log(output: &Path, resumed_at: Option<u64>) -> Result<RunLog, TrainError> {
    let path = output.join("log.jsonl");
    // A run that ended before its first checkpoint may have left one.
    Ok(RunLog::resume_at(&path, resumed_at.unwrap_or(0))?)
}
