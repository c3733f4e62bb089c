//! From settings to a run.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::config::{BaseConfig, MAY_CHANGE};
use crate::data::{Content, DataSettings, DataSource};
use crate::error::TrainError;
use crate::model::{Geometry, initial_weights};
use crate::optimizer::Schedule;
use crate::run::{
    Beginning, Cut, Launch, Observer, Outcome, OutputDirectory, Resume, RunSettings, TrainingEvent,
};
use crate::tokenizer::{TokenizerRequest, TrainingTokenizer, learn};

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
    let output = OutputDirectory::open(&config.output, config.keep, resume, observer)?;
    let directory = tokenizer_directory(config, observer)?;
    let tokenizer = Arc::new(TrainingTokenizer::read(&directory)?);
    let geometry = geometry(config, &tokenizer)?;
    let steps = config.steps(geometry.parameters())?;
    let launch = Launch {
        beginning: Beginning {
            geometry,
            weights: Box::new(|| {
                Ok(initial_weights(
                    &geometry,
                    config.dtype.dtype(),
                    config.seed,
                )?)
            }),
            rates: config.rates(),
            schedule: Schedule {
                steps,
                warm_down_share: config.warm_down_share,
            },
        },
        cut: Cut {
            rows: config.device_batch_size,
            dtype: config.dtype,
            state_dtype: config.state_dtype,
            recompute: config.recompute,
            max_memory: config.max_memory,
        },
        data: data(config)?,
        eval_tokens: (config.eval_every > 0).then_some(config.eval_tokens),
        tokenizer,
        settings: settings(config, steps, directory)?,
        may_change: &MAY_CHANGE,
    };
    output.train(launch, observer)
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
    steps: u64,
    tokenizer: PathBuf,
) -> Result<RunSettings, TrainError> {
    let configuration = serde_json::to_value(config).map_err(|error| TrainError::Setting {
        problem: error.to_string(),
    })?;
    Ok(RunSettings {
        rows_per_step: (config.total_batch_size / config.context as u64) as usize,
        steps,
        eval_every: config.eval_every,
        save_every: config.save_every,
        seed: config.seed,
        configuration,
        tokenizer,
        output: config.output.clone(),
    })
}

fn data(config: &BaseConfig) -> Result<DataSettings, TrainError> {
    let source = match config.streaming {
        true => DataSource::on_hub(&config.data)?,
        false => DataSource::named(&config.data)?,
    };
    Ok(DataSettings {
        context: config.context,
        random_seed: config.seed,
        is_strict: config.strict,
        max_cached_shards: config.max_cached_shards,
        ..DataSettings::new(source, Content::Text)
    })
}
