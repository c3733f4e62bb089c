//! What can go wrong between a run and its checkpoints.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use headroom_formats::{FormatError, Quoted, Shortened};
use headroom_mlx::{Dtype, Exception};
use headroom_models::ModelError;

use super::difference::Difference;

/// Why a checkpoint was not written, or not read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The disk refused; what stood before still stands.
    #[error("could not {action} {path}: {source}; {standing}{advice}", path = path.display(), advice = advice(source))]
    NotSaved {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// What is left.
        standing: Standing,
    },
    /// The files of a model could not be put where they belong.
    #[error("could not {action} {path}: {source}; the checkpoint still stands{advice}", path = path.display(), advice = advice(source))]
    NotPublished {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another run saves its checkpoints at this place.
    #[error("another run saves its checkpoints in {directory}; wait for it or give another output", directory = directory.display())]
    Busy {
        /// The directory of checkpoints.
        directory: PathBuf,
    },
    /// The place for checkpoints cannot be used.
    #[error("could not {action} {path}: {source}; give an output that this user may write", path = path.display())]
    Unusable {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A checkpoint is not what its manifest says.
    #[error("{directory} is no whole checkpoint: {reason}; take another one", directory = directory.display(), reason = Shortened(reason))]
    NotWhole {
        /// The checkpoint.
        directory: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A run is to go on with other settings than it began with.
    #[error("the run was begun with other settings: {}; give those, or another output for a new run", listed(.differences))]
    OtherConfiguration {
        /// Every field that differs, sorted.
        differences: Vec<Difference>,
    },
    /// An array has a type that no checkpoint holds.
    #[error("tensor {name} has type {dtype:?}, which no checkpoint holds; keep it as float32 or bfloat16", name = Quoted(name))]
    TensorType {
        /// The tensor.
        name: String,
        /// Its type.
        dtype: Dtype,
    },
    /// A file did not pass the gate.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A tensor could not be read.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// MLX could not compute a tensor.
    #[error("MLX could not compute a tensor to save: {}; free memory and try again", .0.what())]
    Mlx(#[from] Exception),
}

/// The newest checkpoint that a failure left untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing(pub Option<u64>);

impl fmt::Display for Standing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(step) => write!(formatter, "the checkpoint of step {step} still stands"),
            None => formatter.write_str("there is no earlier checkpoint"),
        }
    }
}

impl CheckpointError {
    /// Whether other arguments, and not another try, are what helps.
    pub fn is_wrong_use(&self) -> bool {
        matches!(
            self,
            Self::OtherConfiguration { .. } | Self::Unusable { .. }
        )
    }

    /// Whether the disk, or this user's part of it, is full.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::NotSaved { source, .. } | Self::NotPublished { source, .. } => is_full(source),
            _ => false,
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}

fn advice(error: &io::Error) -> &'static str {
    match is_full(error) {
        true => "; free some space, or keep fewer checkpoints, and resume",
        false => "",
    }
}

fn listed(differences: &[Difference]) -> String {
    let each: Vec<_> = differences.iter().map(Difference::to_string).collect();
    each.join("; ")
}

/// Wraps what the system said while a directory was written.
pub(super) fn not_saved(action: &'static str, path: &Path, source: io::Error) -> CheckpointError {
    CheckpointError::NotSaved {
        action,
        path: path.to_owned(),
        source,
        standing: Standing(None),
    }
}
