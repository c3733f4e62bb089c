//! In which type numbers are kept.

use headroom_mlx::Dtype;
use serde::{Deserialize, Serialize};

/// The type of weights, or of what optimizers remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrainingDtype {
    /// Four bytes a number; far the faster one on a CPU.
    Float32,
    /// Two bytes a number, rounded with each step. Sums of gradients stay in float32.
    Bfloat16,
}

impl TrainingDtype {
    /// MLX's name.
    pub fn dtype(self) -> Dtype {
        match self {
            Self::Float32 => Dtype::Float32,
            Self::Bfloat16 => Dtype::Bfloat16,
        }
    }

    /// The type that a file says; `None` where it is another.
    pub(crate) fn stored(dtype: headroom_formats::Dtype) -> Option<Self> {
        match dtype {
            headroom_formats::Dtype::Float32 => Some(Self::Float32),
            headroom_formats::Dtype::Bfloat16 => Some(Self::Bfloat16),
            _ => None,
        }
    }

    /// Bytes of one number.
    pub fn size_bytes(self) -> u64 {
        match self {
            Self::Float32 => 4,
            Self::Bfloat16 => 2,
        }
    }
}
