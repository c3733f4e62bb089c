//! What ends a command early, and the exit code for it.

use std::any::Any;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use headroom_engine::EngineError;
use headroom_hub::HubError;
use headroom_memory::MemoryError;
use headroom_quantize::QuantizeError;
use headroom_train::TrainError;
use headroom_train::tokenizer_learning::TokenizerLearningError;

use crate::chat::command::CommandError;
use crate::interrupt;

#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error("there is no directory {name}, and it could not be had from the hub: {reason}")]
    NoModel { name: String, reason: Box<HubError> },
    #[error(transparent)]
    Memory(#[from] MemoryError),
    #[error("this system does not tell how much memory is available; give it with --available")]
    UnknownAvailable,
    #[error("interrupted; what has arrived is kept, run it again to go on from there")]
    DownloadInterrupted,
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    #[error(
        "cannot use this terminal: {0}; send the output to a file or a pipe to have a line per reading"
    )]
    Terminal(io::Error),
    #[error("cannot write {path}: {reason}; nothing was written", path = path.display())]
    WriteFile { path: PathBuf, reason: String },
    #[error("cannot read the prompt from standard input: {0}")]
    ReadPrompt(io::Error),
    #[error("cannot read {path}: {reason}; give a file of UTF-8 text", path = path.display())]
    ReadText { path: PathBuf, reason: io::Error },
    #[error("cannot read the settings in {path}: {reason}; write them as TOML", path = path.display())]
    ReadConfig { path: PathBuf, reason: String },
    #[error("this line is no UTF-8 and was left out; write it as UTF-8")]
    NotText,
    #[error("interrupted before the prompt was computed; nothing was written")]
    PromptInterrupted,
    #[error(
        "memory ran short before the prompt was computed; nothing was written, free memory or give a smaller --prefill-step"
    )]
    PromptTooLarge,
    #[error(transparent)]
    Quantize(#[from] QuantizeError),
    #[error(transparent)]
    Train(#[from] TrainError),
    #[error(transparent)]
    Command(#[from] CommandError),
    #[error("a fault in headroom itself ended the command: {0}; please report it")]
    Fault(String),
}

impl CliError {
    /// From what a panic carries.
    pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        Self::Fault(text.unwrap_or("it gave no reason").to_owned())
    }

    /// One line on standard error. Where that is closed, the exit code has to do.
    pub(crate) fn print(&self) {
        drop(writeln!(io::stderr(), "error: {self}"));
    }

    /// The reader of our output has gone; that is its right and no failure.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == ErrorKind::BrokenPipe)
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Engine(error) if error.is_wrong_use() => ExitCode::from(2),
            Self::DownloadInterrupted
            | Self::PromptInterrupted
            | Self::Quantize(QuantizeError::Cancelled)
            | Self::Train(TrainError::Stopped)
            | Self::Train(TrainError::TokenizerLearning(TokenizerLearningError::Cancelled)) => {
                ExitCode::from(interrupt::EXIT_CODE)
            }
            Self::Hub(error) if error.is_wrong_use() => ExitCode::from(2),
            Self::Train(error) if error.is_wrong_use() => ExitCode::from(2),
            Self::Quantize(error) if error.is_wrong_use() => ExitCode::from(2),
            Self::Memory(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}
