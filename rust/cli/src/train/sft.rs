//! `headroom train sft`: a model and conversations in, a model that answers out.

use std::process::ExitCode;

use headroom_train::sft::{SftConfig, train_sft};
use serde_json::Value;

use crate::arguments::TrainSftArguments;
use crate::error::CliError;
use crate::train::run::{settings, watched};

pub(crate) fn run(arguments: &TrainSftArguments) -> Result<ExitCode, CliError> {
    let settings = settings(&Value::Null, &arguments.run, &arguments.settings)?;
    let config = SftConfig::from_fields(settings)?;
    watched(&arguments.run, &config.run.output, |resume, watching| {
        train_sft(&config, resume, watching)
    })
}
