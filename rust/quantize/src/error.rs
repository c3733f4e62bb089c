//! What can go wrong between two checkpoints.

use std::io;
use std::path::PathBuf;

use headroom_formats::{FormatError, QuantizedLayout};
use headroom_mlx::Exception;
use headroom_models::ModelError;

/// Why a checkpoint could not be rewritten. Whatever the reason, nothing lies at the output.
#[derive(Debug, thiserror::Error)]
pub enum QuantizeError {
    /// Something lies where the output is to go.
    #[error("{path} is there already; give a directory that is not", path = path.display())]
    OutputExists {
        /// The path.
        path: PathBuf,
    },
    /// The output could not be written.
    #[error("could not {action} {path}: {source}; nothing was left behind", path = path.display())]
    NotWritten {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Every matrix is as asked for, or cannot be.
    #[error(
        "{path} has no matrix to change: its matrices have {bits} bits in groups of {group_size} already, or inputs that do not divide into such groups",
        path = path.display(), bits = layout.bits, group_size = layout.group_size
    )]
    NothingToQuantize {
        /// The model.
        path: PathBuf,
        /// What was asked for.
        layout: QuantizedLayout,
    },
    /// The model is as dense as it can be.
    #[error("{path} is not quantised, so there is nothing to dequantise", path = path.display())]
    NotQuantized {
        /// The model.
        path: PathBuf,
    },
    /// The host stopped it.
    #[error("quantising was cancelled; nothing was left behind")]
    Cancelled,
    /// A file did not pass the gate, or could not be written.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The model is not one that can be read.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// MLX could not carry out an operation.
    #[error("MLX could not convert a tensor: {}; free memory and try again", .0.what())]
    Mlx(#[from] Exception),
}
