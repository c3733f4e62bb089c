//! Everything that can go wrong in this room.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::byte_size::ByteSize;

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

    /// A strategy that does not exist.
    #[error("\"{text}\" is not a strategy; give one of conservative, balanced and aggressive")]
    UnknownStrategy {
        /// What was given.
        text: String,
    },

    /// A memory limit of nothing.
    #[error("a memory limit of zero leaves nothing to work with; give a size such as 512MB")]
    MaxMemoryZero,

    /// A memory limit larger than what the process can ever have.
    #[error(
        "a memory limit of {} is more than the {} that {source_name} allows; give {allowed_bytes} bytes or less",
        ByteSize::from_bytes(*asked_bytes),
        ByteSize::from_bytes(*allowed_bytes)
    )]
    MaxMemoryAboveMachine {
        /// What was given.
        asked_bytes: u64,
        /// The most that is possible.
        allowed_bytes: u64,
        /// Who sets that.
        source_name: &'static str,
    },

    /// A memory limit that is used up already.
    #[error(
        "a memory limit of {} is less than the {} that this process uses already; give more",
        ByteSize::from_bytes(*asked_bytes),
        ByteSize::from_bytes(*used_bytes)
    )]
    MaxMemoryBelowUse {
        /// What was given.
        asked_bytes: u64,
        /// What the process uses.
        used_bytes: u64,
    },

    /// A memory limit in which the job cannot be done.
    #[error(
        "a memory limit of {} is less than the {} that this job needs; give {needed_bytes} bytes or more, or a smaller job",
        ByteSize::from_bytes(*asked_bytes),
        ByteSize::from_bytes(*needed_bytes)
    )]
    MaxMemoryBelowNeed {
        /// What was given.
        asked_bytes: u64,
        /// What the job is predicted to need.
        needed_bytes: u64,
    },

    /// No automatic limit can be computed.
    #[error(
        "the system does not tell how much memory is available, so no limit follows from it; give one with --max-memory"
    )]
    AvailableUnknown,
}
