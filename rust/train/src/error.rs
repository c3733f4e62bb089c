//! What can go wrong while a model is trained.

use std::path::PathBuf;

use headroom_engine::EngineError;
use headroom_formats::FormatError;
use headroom_memory::ByteSize;
use headroom_mlx::Exception;
use headroom_models::ModelError;

use crate::checkpoint::CheckpointError;
use crate::data::DataError;
use crate::record::RecordError;
use crate::tokenizer::TokenizerError;
use crate::tokenizer_learning::TokenizerLearningError;

/// Why a training run could not begin, or ended early.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The output cannot be written to.
    #[error("cannot make the directory {path}: {source}; give another --output", path = path.display())]
    Output {
        /// Where everything was to go.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something was trained there before.
    #[error(
        "{output} has checkpoints of a run; go on with --resume, or give another --output",
        output = output.display()
    )]
    RunExists {
        /// Where.
        output: PathBuf,
    },
    /// The model would have other ids than the tokenizer.
    #[error(
        "--vocab {vocabulary} is not the tokenizer's, which has {has} tokens; leave --vocab out, or give another --tokenizer"
    )]
    Vocabulary {
        /// What was asked for.
        vocabulary: usize,
        /// What the tokenizer has.
        has: usize,
    },
    /// A checkpoint's place in the data cannot be read.
    #[error("{directory} does not say where its data goes on: {problem}; go on from another checkpoint", directory = directory.display())]
    Cursor {
        /// The checkpoint.
        directory: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The process used more than it may, and nothing was left to give back.
    #[error(
        "training used {used_bytes} of {limit_bytes} and has no smaller pieces to work in; the last checkpoint stands: go on from it with --resume once {needed_bytes} may be used"
    )]
    OverBudget {
        /// What was used.
        used_bytes: ByteSize,
        /// What may be used.
        limit_bytes: ByteSize,
        /// What steps take as they are cut.
        needed_bytes: ByteSize,
    },
    /// Somebody asked the run to stop before it came to its first step; a run under way ends well.
    #[error("the run was asked to stop before it began; give the command again to go on")]
    Stopped,
    /// A run without any way to take a step.
    #[error("there is no plan for a step; this is a fault of headroom, please report it")]
    NoPlan,
    /// A step whose rows have nothing to predict.
    #[error(
        "no token of step {step} counts in its loss; the data has nothing to learn from: give other data"
    )]
    NothingCounts {
        /// Steps before it.
        step: u64,
    },
    /// No way to cut a step stays within what the process may use.
    #[error(
        "training this model takes {needed_bytes} at the least, of which its weights are {weights_bytes}, and {limit_bytes} may be used; give more, or begin a run with a shorter --context, --dtype bfloat16 or a smaller model"
    )]
    NothingFits {
        /// What may be used.
        limit_bytes: ByteSize,
        /// What the smallest plan takes.
        needed_bytes: ByteSize,
        /// The part of it that is weights.
        weights_bytes: ByteSize,
    },
    /// A setting has a value that it cannot have.
    #[error("{problem}")]
    Setting {
        /// What is wrong, and what to give instead.
        problem: String,
    },
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
    /// A weight or gradient holds an infinity or no number at all.
    #[error(
        "the {what} {tensor} is not finite in step {step}; the last checkpoint stands: go on from it with lower learning rates or other data"
    )]
    NotFinite {
        /// Which of the two.
        what: &'static str,
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
    Data(DataError),
    /// The tokenizer could not be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The tokenizer could not be learned.
    #[error(transparent)]
    TokenizerLearning(#[from] TokenizerLearningError),
    /// A checkpoint could not be written or read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The record of the run could not be written or read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Memory cannot be read, or not be limited as asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
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

impl From<DataError> for TrainError {
    fn from(error: DataError) -> Self {
        match error {
            DataError::Stopped => Self::Stopped,
            other => Self::Data(other),
        }
    }
}

impl TrainError {
    pub(crate) fn setting(problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self::Setting { problem }
    }

    /// Whether other arguments, and not another try, are what helps.
    pub fn is_wrong_use(&self) -> bool {
        match self {
            Self::Setting { .. }
            | Self::Depth { .. }
            | Self::Size { .. }
            | Self::Vocabulary { .. }
            | Self::NothingFits { .. }
            | Self::RunExists { .. } => true,
            Self::Checkpoint(CheckpointError::OtherConfiguration { .. }) => true,
            Self::Engine(error) => error.is_wrong_use(),
            Self::Data(error) => error.is_wrong_use(),
            Self::TokenizerLearning(error) => error.is_wrong_use(),
            Self::Checkpoint(error) => error.is_wrong_use(),
            Self::Record(error) => error.is_wrong_use(),
            _ => false,
        }
    }
}
