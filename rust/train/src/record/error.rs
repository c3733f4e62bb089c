//! What can go wrong with the record of a run.

use std::io;
use std::path::PathBuf;

/// Why a record was not written, or not read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The system refused.
    #[error("could not {action} {path}: {source}; {advice}", path = path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// What to do.
        advice: &'static str,
    },
    /// A new run where the log of another lies.
    #[error("{path} is the log of an earlier run; resume that one, or give another output", path = path.display())]
    LogExists {
        /// The log.
        path: PathBuf,
    },
    /// Another process is running this run.
    #[error("another process is training in {output}; wait for it or give another output", output = output.display())]
    Running {
        /// The run's output.
        output: PathBuf,
    },
    /// There is no log to read.
    #[error("{path} is not there; give the output directory of a run that has done a step", path = path.display())]
    NoLog {
        /// The log.
        path: PathBuf,
    },
    /// A log without a step.
    #[error("{path} has no record of a step yet; try again when the run has done one", path = path.display())]
    NoSteps {
        /// The log.
        path: PathBuf,
    },
    /// A plot could not be drawn.
    #[error("could not draw the plot {path}: {reason}; please report it", path = path.display())]
    NotDrawn {
        /// The plot.
        path: PathBuf,
        /// What the drawing library said.
        reason: String,
    },
}

impl RecordError {
    /// Whether other arguments, and not another try, are what helps.
    pub fn is_wrong_use(&self) -> bool {
        matches!(
            self,
            Self::LogExists { .. } | Self::Running { .. } | Self::NoLog { .. }
        )
    }
}
