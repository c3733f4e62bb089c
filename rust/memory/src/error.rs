//! Everything that can go wrong in this room.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// The error of a probe. An alias: this room has a single error type.
pub type ProbeError = MemoryError;

/// What went wrong, where, and what to do about it.
#[derive(Debug, Error)]
pub enum MemoryError {
    /// Neither the process nor the system has readable figures in `/proc`.
    #[error(
        "cannot read the memory figures of this process from {path} ({source}); mount procfs there and make it readable"
    )]
    ProcUnreadable {
        /// The first file that could not be read.
        path: PathBuf,
        /// Why it could not be read.
        source: io::Error,
    },

    /// The kernel refused to tell this process its own figures.
    #[error(
        "the system call {call} failed with code {code}; allow this process to inspect itself in its sandbox profile"
    )]
    KernelRefused {
        /// The call that failed.
        call: &'static str,
        /// Its return code.
        code: i32,
    },

    /// A size that is not a number with a known unit.
    #[error(
        "\"{text}\" is not a size because {reason}; write plain bytes or a number with a unit, such as 512MB or 7GiB"
    )]
    InvalidByteSize {
        /// What was given.
        text: String,
        /// The rule that it breaks.
        reason: &'static str,
    },
}
