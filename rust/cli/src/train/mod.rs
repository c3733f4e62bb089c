//! `headroom train`: a language model from nothing.

mod data_source;
mod plot;
#[allow(dead_code, reason = "runs show it")]
mod profile;
#[allow(dead_code, reason = "runs show it")]
mod progress;
mod tokenizer;

use std::process::ExitCode;

use crate::arguments::TrainCommand;
use crate::error::CliError;

pub(crate) fn run(command: &TrainCommand) -> Result<ExitCode, CliError> {
    match command {
        TrainCommand::Plot(arguments) => plot::run(arguments),
        TrainCommand::Tokenizer(arguments) => tokenizer::run(arguments),
    }
}
