//! What can go wrong while a model is trained.

use headroom_formats::FormatError;
use headroom_mlx::Exception;

use crate::checkpoint::CheckpointError;
use crate::data::DataError;
use crate::record::RecordError;
use crate::tokenizer::TokenizerError;

/// Why a training run could not begin, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
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
            Self::Checkpoint(error) => error.is_wrong_use(),
            Self::Record(error) => error.is_wrong_use(),
            _ => false,
        }
    }
}
