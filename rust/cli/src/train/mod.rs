//! `headroom train`: a language model from nothing.

mod data_source;
mod tokenizer;

use std::process::ExitCode;

use crate::arguments::TrainCommand;
use crate::error::CliError;

pub(crate) fn run(command: &TrainCommand) -> Result<ExitCode, CliError> {
    match command {
        TrainCommand::Tokenizer(arguments) => tokenizer::run(arguments),
    }
}
