//! From settings to a run.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::config::{BaseConfig, MAY_CHANGE};
use crate::data::{Content, DataSettings, DataSource, SkippedShards};
use crate::error::TrainError;
use crate::model::{Geometry, initial_weights};
use crate::optimizer::Schedule;
use crate::run::{
    Beginning, Launch, Observer, Outcome, OutputDirectory, Resume, RunSettings, TrainingEvent,
    to_fields,
};
use crate::tokenizer::TrainingTokenizer;
use crate::tokenizer_learning::{TokenizerRequest, learn_in_background};

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
    let output = OutputDirectory::open(&config.run, resume, observer)?;
    let directory = tokenizer_directory(config, observer)?;
    let tokenizer = Arc::new(TrainingTokenizer::read(&directory)?);
    let geometry = geometry(config, &tokenizer)?;
    let steps = config.steps(geometry.parameters())?;
    let launch = Launch {
        beginning: beginning(config, geometry, steps),
        data: data(config)?,
        tokenizer,
        settings: RunSettings {
            rows_per_step: (config.total_batch_size / config.context as u64) as usize,
            steps,
            config: config.run.clone(),
            configuration: to_fields(config)?,
            tokenizer: directory,
        },
        may_change: &MAY_CHANGE,
    };
    output.train(launch, observer)
}

fn beginning(config: &BaseConfig, geometry: Geometry, steps: u64) -> Beginning<'static> {
    let (dtype, seed) = (config.run.dtype.dtype(), config.run.seed);
    Beginning {
        geometry,
        weights: Box::new(move || Ok(initial_weights(&geometry, dtype, seed)?)),
        rates: config.rates(),
        schedule: Schedule {
            steps,
            warm_down_share: config.warm_down_share,
        },
        view: None,
    }
}

/// The tokenizer's directory; where none is given, one is learned into the output, once.
fn tokenizer_directory(
    config: &BaseConfig,
    observer: &mut dyn Observer,
) -> Result<PathBuf, TrainError> {
    if let Some(directory) = &config.tokenizer {
        return Ok(directory.clone());
    }
    let directory = config.run.output.join("tokenizer");
    if directory.join("tokenizer.json").is_file() {
        return Ok(directory);
    }
    let request = TokenizerRequest {
        data: data(config)?,
        vocabulary_size: config.vocab.unwrap_or(USUAL_VOCABULARY),
        most_text_bytes: None,
    };
    let learned = learn_in_background(request, &mut |_| match observer.wants_stop() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    })?;
    if learned.skipped != SkippedShards::default() {
        observer.happened(TrainingEvent::Skipped(&learned.skipped));
    }
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

fn data(config: &BaseConfig) -> Result<DataSettings, TrainError> {
    let source = match config.streaming {
        true => DataSource::on_hub(&config.data)?,
        false => DataSource::named(&config.data)?,
    };
    Ok(DataSettings {
        max_cached_shards: config.max_cached_shards,
        ..config.run.data(source, Content::Text, config.context)
    })
}
