//! From settings to a tuning run.

use std::path::Path;
use std::sync::Arc;

use headroom_formats::Checkpoint;

use crate::data::{Content, DataSettings, DataSource, TrainingRows};
use crate::error::TrainError;
use crate::model::{Geometry, read_geometry, read_weights};
use crate::optimizer::Schedule;
use crate::run::{Beginning, Cut, Launch, Observer, Outcome, OutputDirectory, Resume, RunSettings};
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
    let tokenizer = Arc::new(TrainingTokenizer::read(&config.model)?);
    if tokenizer.vocabulary_size() > geometry.vocabulary {
        return Err(TrainError::Unsuited {
            path: config.model.clone(),
            what: "its tokenizer has more tokens than its embedding",
        });
    }
    let data = data(config, geometry.context);
    let steps = steps(config, &data, &tokenizer)?;
    let output = OutputDirectory::open(&config.output, config.keep, resume, observer)?;
    let launch = Launch {
        beginning: Beginning {
            geometry,
            weights: Box::new(|| read_weights(&checkpoint, &geometry, config.dtype.dtype())),
            rates: config.rates(),
            schedule: Schedule {
                steps,
                warm_down_share: 1.0,
            },
        },
        cut: Cut {
            rows: config.device_batch_size,
            dtype: config.dtype,
            state_dtype: config.state_dtype,
            recompute: config.recompute,
            max_memory: config.max_memory,
        },
        data,
        eval_tokens: (config.eval_every > 0).then_some(config.eval_tokens),
        tokenizer,
        settings: settings(config, steps)?,
        may_change: &MAY_CHANGE,
    };
    output.train(launch, observer)
}

/// The model's own sizes, with rows as long as asked for.
fn geometry(config: &SftConfig) -> Result<Geometry, TrainError> {
    let model = read_geometry(&config.model)?;
    let context = config.context.unwrap_or(model.context);
    match (2..=model.context).contains(&context) {
        true => Ok(Geometry { context, ..model }),
        false => Err(TrainError::Setting {
            problem: format!(
                "--context {context} is not one that the model was trained on; give 2 to {}",
                model.context
            ),
        }),
    }
}

fn data(config: &SftConfig, context: usize) -> DataSettings {
    let source = DataSource::Local(config.data.clone());
    DataSettings {
        context,
        random_seed: config.seed,
        is_strict: config.strict,
        ..DataSettings::new(source, Content::Conversations)
    }
}

/// Steps of the run; rows are counted where only epochs are given.
fn steps(
    config: &SftConfig,
    data: &DataSettings,
    tokenizer: &Arc<TrainingTokenizer>,
) -> Result<u64, TrainError> {
    if let Some(steps) = config.num_iterations {
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

fn settings(config: &SftConfig, steps: u64) -> Result<RunSettings, TrainError> {
    let configuration = serde_json::to_value(config).map_err(|error| TrainError::Setting {
        problem: error.to_string(),
    })?;
    Ok(RunSettings {
        rows_per_step: config.rows_per_step,
        steps,
        eval_every: config.eval_every,
        save_every: config.save_every,
        seed: config.seed,
        configuration,
        tokenizer: Path::new(&config.model).to_owned(),
        output: config.output.clone(),
    })
}
