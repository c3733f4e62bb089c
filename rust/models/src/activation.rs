//! What happens between an MLP's first product and its last.

use headroom_mlx::ops::{erfinv, maximum, mean_axis, sigmoid, std_axis};
use headroom_mlx::{Array, Result};

/// A function of each value, or of each row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Activation {
    /// `x * sigmoid(x)`, the gate of SwiGLU.
    Silu,
    /// GELU by its tanh formula (Hendrycks and Gimpel, 2016), the gate of GeGLU.
    Gelu,
    /// GELU of how far a value lies above the cutoff below which this share of its row would lie,
    /// were the row distributed normally; nothing of what lies below (Gemma 3n).
    SparseGelu {
        /// Above 0 and below 1.
        share: f32,
    },
    /// `max(x, 0)²` (So et al., 2021).
    SquaredRelu,
}

impl Activation {
    /// The same shape.
    pub(crate) fn forward(self, x: &Array) -> Result<Array> {
        match self {
            Self::Silu => x.multiply(sigmoid(x)?),
            Self::Gelu => gelu(x),
            Self::SparseGelu { share } => gelu(&above_cutoff(x, share)?),
            Self::SquaredRelu => maximum(x, constant(0.0, x)?)?.square(),
        }
    }
}

/// `0.5 (1 + tanh z)` is `sigmoid(2 z)`, which saves an operation on the widest arrays there are.
fn gelu(x: &Array) -> Result<Array> {
    const TWICE_SQRT_2_OVER_PI: f32 = 1.595_769;
    const CUBIC: f32 = 0.044_715;
    let slope = x
        .square()?
        .multiply(constant(CUBIC * TWICE_SQRT_2_OVER_PI, x)?)?
        .add(constant(TWICE_SQRT_2_OVER_PI, x)?)?;
    x.multiply(sigmoid(x.multiply(slope)?)?)
}

fn above_cutoff(x: &Array, share: f32) -> Result<Array> {
    let mean = mean_axis(x, -1, true)?;
    let deviation = std_axis(x, -1, true, 0)?;
    let quantile = erfinv(Array::from_f32(2.0 * share - 1.0))?
        .multiply(Array::from_f32(2f32.sqrt()))?
        .as_dtype(x.dtype())?;
    let cutoff = mean.add(deviation.multiply(quantile)?)?;
    maximum(x.subtract(cutoff)?, constant(0.0, x)?)
}

fn constant(value: f32, like: &Array) -> Result<Array> {
    Array::from_f32(value).as_dtype(like.dtype())
}
