//! `headroom train base`: text in, a model out.

use std::process::ExitCode;

use headroom_train::base::{BaseConfig, Preset, train_base};
use serde_json::Value;

use crate::arguments::TrainBaseArguments;
use crate::error::CliError;
use crate::train::run::{settings, watched};

pub(crate) fn run(arguments: &TrainBaseArguments) -> Result<ExitCode, CliError> {
    let preset = match (arguments.low_memory, arguments.ultra_low) {
        (true, _) => Preset::LowMemory.settings(),
        (_, true) => Preset::UltraLow.settings(),
        _ => Value::Null,
    };
    let settings = settings(&preset, &arguments.run, &arguments.settings)?;
    let config = BaseConfig::from_fields(settings)?;
    watched(&arguments.run, &config.run.output, |resume, watching| {
        train_base(&config, resume, watching)
    })
}
