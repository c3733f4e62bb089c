//! What ends a command early, and the exit code for it.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::ExitCode;

use headroom_engine::EngineError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    #[error("cannot write {path}: {reason}; nothing was written", path = path.display())]
    WriteFile { path: PathBuf, reason: String },
    #[error("cannot read the prompt from standard input: {0}")]
    ReadPrompt(io::Error),
}

impl CliError {
    /// The reader of our output has gone; that is its right and no failure.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == ErrorKind::BrokenPipe)
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Engine(error) if error.is_wrong_use() => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}
