//! `headroom train`: a language model from nothing.

mod base;
mod ending;
mod fields;
mod plot;
mod profile;
mod progress;
mod run;
mod sft;
mod tokenizer;
mod watching;

use std::process::ExitCode;

use crate::arguments::TrainCommand;
use crate::error::CliError;

pub(crate) fn run(command: &TrainCommand) -> Result<ExitCode, CliError> {
    match command {
        TrainCommand::Plot(arguments) => plot::run(arguments),
        TrainCommand::Tokenizer(arguments) => tokenizer::run(arguments),
        TrainCommand::Base(arguments) => base::run(arguments),
        TrainCommand::Sft(arguments) => sft::run(arguments),
    }
}
