//! What can go wrong while a model is trained.

use std::path::PathBuf;

use headroom_formats::FormatError;
use headroom_mlx::Exception;
use headroom_models::ModelError;

use crate::checkpoint::CheckpointError;
use crate::data::DataError;
use crate::record::RecordError;
use crate::tokenizer::TokenizerError;

/// Why a training run could not begin, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A model of another kind.
    #[error("{path} cannot be trained here: {what}; give a model that `headroom train base` made", path = path.display())]
    Unsuited {
        /// The model's directory.
        path: PathBuf,
        /// What is in the way.
        what: &'static str,
    },
    /// A tensor is not what the model's configuration asks for.
    #[error(
        "tensor {tensor} is not a matrix of {} by {} floating-point numbers; give a checkpoint that is whole and not quantised",
        expected[0], expected[1]
    )]
    Tensor {
        /// Its name.
        tensor: String,
        /// `(rows, columns)`
        expected: [usize; 2],
    },
    /// A gradient holds an infinity or no number at all.
    #[error(
        "the gradient of {tensor} is not finite in step {step}; nothing was changed by it: go on from the last checkpoint with lower learning rates or other data"
    )]
    NotFinite {
        /// The matrix.
        tensor: String,
        /// The step, from zero.
        step: u64,
    },
    /// No model has that many blocks.
    #[error(
        "--depth {depth} makes no model: its width, 64 times the depth, has no whole heads of about 128; give an even number up to 128"
    )]
    Depth {
        /// What was asked for.
        depth: usize,
    },
    /// A size is none that a model can have.
    #[error("--{name} {size} makes no model; give 2 to 16777216")]
    Size {
        /// The setting.
        name: &'static str,
        /// What was asked for.
        size: usize,
    },
    /// The data could not be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The tokenizer could not be trained or used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A checkpoint could not be written or read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The record of the run could not be written or read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A file did not pass the gate.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The model could not be read.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// MLX could not carry out an operation.
    #[error("MLX could not compute a training step: {}; free memory and try again", .0.what())]
    Mlx(#[from] Exception),
}

impl TrainError {
    /// Whether other arguments, and not another try, are what helps.
    pub fn is_wrong_use(&self) -> bool {
        match self {
            Self::Data(error) => error.is_wrong_use(),
            Self::Tokenizer(error) => error.is_wrong_use(),
            _ => false,
        }
    }
}
