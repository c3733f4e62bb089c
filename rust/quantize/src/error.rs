//! What can go wrong between two checkpoints.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

use headroom_formats::{FormatError, QuantizedLayout, Quoted};
use headroom_mlx::Exception;
use headroom_models::ModelError;

use crate::mode::Mode;

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
    /// A mode was asked for with bits or groups that it does not have.
    #[error("mode {name} has {layouts}; leave out --bits and --group-size or give these", name = mode.name(), layouts = mode.layouts())]
    NoSuchLayout {
        /// The mode.
        mode: Mode,
    },
    /// Every matrix is as asked for, or cannot be.
    #[error(
        "{path} has no matrix to change: its matrices have {layout} already, or inputs that do not divide into such groups",
        path = path.display()
    )]
    NothingToQuantize {
        /// The model.
        path: PathBuf,
        /// What was asked for.
        layout: QuantizedLayout,
    },
    /// Every matrix is as the mixed recipe wants it.
    #[error("{path} has no matrix to change: each is stored already as the recipe wants it; ask for another target of bits", path = path.display())]
    MixedAlready {
        /// The model.
        path: PathBuf,
    },
    /// No recipe is as small as that.
    #[error("a target of {target} bits per weight is out of reach: {path} takes {least:.2} with every matrix as small as it can be; give more", path = path.display())]
    TargetTooLow {
        /// The model.
        path: PathBuf,
        /// Bits per weight that were asked for.
        target: f64,
        /// The least that there can be.
        least: f64,
    },
    /// The model is no larger than that already.
    #[error("a target of {target} bits per weight leaves nothing to do: {path} has {original:.2} as it is; give less", path = path.display())]
    TargetTooHigh {
        /// The model.
        path: PathBuf,
        /// Bits per weight that were asked for.
        target: f64,
        /// What the model has.
        original: f64,
    },
    /// A measurement on so little text would be chance.
    #[error(
        "the calibration text has {tokens} tokens, too few to measure with; give one of at least {least}"
    )]
    CalibrationTooShort {
        /// Its tokens.
        tokens: usize,
        /// Tokens that are enough.
        least: usize,
    },
    /// The model's predictions are no numbers.
    #[error(
        "the loss on the calibration text is no finite number; the model's weights are spoilt or the text is none that it can read"
    )]
    LossNotFinite,
    /// A weight holds infinities or values that are no numbers.
    #[error("the weight of {layer} has values in rows {first} to {last} that are no finite numbers; take a checkpoint from before its training went wrong, or a type that reaches further where another one was asked for", layer = Quoted(layer), first = rows.start, last = rows.end.saturating_sub(1))]
    NotFinite {
        /// The layer.
        layer: String,
        /// The rows among which they are.
        rows: Range<u32>,
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

impl QuantizeError {
    /// Whether another call would have been right, rather than another file or machine.
    pub fn is_wrong_use(&self) -> bool {
        matches!(
            self,
            Self::OutputExists { .. }
                | Self::NoSuchLayout { .. }
                | Self::TargetTooLow { .. }
                | Self::TargetTooHigh { .. }
                | Self::CalibrationTooShort { .. }
        )
    }
}
