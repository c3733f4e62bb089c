//! From settings to a tuning run.

use std::sync::Arc;

use headroom_formats::Checkpoint;

use crate::data::{Content, DataSettings, DataSource, TrainingRows};
use crate::error::TrainError;
use crate::model::{Geometry, read_geometry, read_weights};
use crate::optimizer::Schedule;
use crate::run::{
    Beginning, Launch, Observer, Outcome, OutputDirectory, Resume, RunSettings, to_fields,
};
use crate::sft::config::{MAY_CHANGE, SftConfig};
use crate::tokenizer::TrainingTokenizer;

/// Tunes a model to the end, or until `observer` wants a stop.
///
/// # Errors
/// [`TrainError`]; whatever it is, the model that was given and the last checkpoint stand.
pub fn train_sft(
    config: &SftConfig,
    resume: Resume,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    headroom_mlx::start()?;
    let geometry = geometry(config)?;
    let checkpoint = Checkpoint::open(&config.model)?;
    let tokenizer = Arc::new(tokenizer(config, &geometry)?);
    let source = DataSource::Local(config.data.clone());
    let run = &config.run;
    let data = run.data(source, Content::Conversations, geometry.context);
    let steps = steps(config, &data, &tokenizer)?;
    let output = OutputDirectory::open(run, resume, observer)?;
    let launch = Launch {
        beginning: beginning(config, &checkpoint, geometry, steps)?,
        data,
        tokenizer,
        settings: RunSettings {
            rows_per_step: config.rows_per_step,
            steps,
            config: run.clone(),
            configuration: to_fields(config)?,
            tokenizer: config.model.clone(),
        },
        may_change: &MAY_CHANGE,
    };
    output.train(launch, observer)
}

/// The model as it is, at rates that go down from the first step on.
fn beginning<'a>(
    config: &'a SftConfig,
    checkpoint: &'a Checkpoint,
    geometry: Geometry,
    steps: u64,
) -> Result<Beginning<'a>, TrainError> {
    let dtype = config.run.dtype.dtype();
    Ok(Beginning {
        geometry,
        weights: Box::new(move || read_weights(checkpoint, &geometry, dtype)),
        rates: config.rates(),
        schedule: Schedule {
            steps,
            warm_down_share: 1.0,
        },
        view: config.view()?,
    })
}

/// The model's own sizes, with rows as long as asked for.
fn geometry(config: &SftConfig) -> Result<Geometry, TrainError> {
    let model = read_geometry(&config.model)?;
    model.on_rows_of(config.context.unwrap_or(model.context))
}

/// The model's own tokenizer.
fn tokenizer(config: &SftConfig, geometry: &Geometry) -> Result<TrainingTokenizer, TrainError> {
    let tokenizer = TrainingTokenizer::read(&config.model)?;
    match tokenizer.vocabulary_size() <= geometry.vocabulary {
        true => Ok(tokenizer),
        false => Err(TrainError::Unsuited {
            path: config.model.clone(),
            what: "its tokenizer has more tokens than its embedding",
        }),
    }
}

/// Steps of the run; rows are counted where only epochs are given.
fn steps(
    config: &SftConfig,
    data: &DataSettings,
    tokenizer: &Arc<TrainingTokenizer>,
) -> Result<u64, TrainError> {
    if let Some(steps) = config.run.num_iterations {
        return Ok(steps);
    }
    let mut rows = TrainingRows::open(data, Arc::clone(tokenizer), None)?;
    let mut count = 0u64;
    loop {
        rows.next_row()?;
        if rows.cursor().epoch > 0 {
            break;
        }
        count += 1;
    }
    let all = count.saturating_mul(config.epochs);
    Ok(all.div_ceil(config.rows_per_step as u64).max(1))
}
