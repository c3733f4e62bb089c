//! RMSNorm without a weight, and its gradient.

use headroom_mlx::ops::rsqrt;
use headroom_mlx::{Array, Dtype, Result};

/// What is added under the root, as mlx-lm does.
const EPSILON: f32 = 1e-5;

/// Rows of unit size, and what they were multiplied by to become so, `(..., 1)` in float32.
pub(crate) struct Normalized {
    pub(crate) rows: Array,
    pub(crate) factors: Array,
}

/// `x / sqrt(mean(x²) + epsilon)` over the last axis.
pub(crate) fn normalize(x: &Array) -> Result<Normalized> {
    let wide = x.as_dtype(Dtype::Float32)?;
    let mean_square = wide.square()?.mean_axis(-1, true)?;
    let factors = rsqrt(mean_square.add(Array::from_f32(EPSILON))?)?;
    Ok(Normalized {
        rows: rescale(x, &factors)?,
        factors,
    })
}

/// The rows again, from what they were multiplied by.
pub(crate) fn rescale(x: &Array, factors: &Array) -> Result<Array> {
    x.multiply(factors.as_dtype(x.dtype())?)
}

/// The gradient of `x` from that of its normalised `rows`: `factor · (g − rows · mean(g · rows))`.
pub(crate) fn normalize_backward(gradient: &Array, rows: &Array, factors: &Array) -> Result<Array> {
    let wide = gradient.multiply(rows)?.as_dtype(Dtype::Float32)?;
    let share = wide.mean_axis(-1, true)?.as_dtype(rows.dtype())?;
    let across = gradient.subtract(rows.multiply(share)?)?;
    rescale(&across, factors)
}
