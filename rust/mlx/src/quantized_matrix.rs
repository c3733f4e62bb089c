//! A quantised matrix as it lies in memory, in any of MLX's modes.

use std::ops::Range;

use crate::affine_matrix::AffineMatrix;
use crate::floating_matrix::FloatingMatrix;
use crate::{Array, Result};

/// A matrix `(out, in)` in packed values.
#[derive(Debug, Clone)]
pub enum QuantizedMatrix {
    /// Of whole numbers.
    Affine(AffineMatrix),
    /// Of small floating-point numbers.
    Floating(FloatingMatrix),
}

impl QuantizedMatrix {
    /// How many rows it has.
    pub(crate) fn row_count(&self) -> i32 {
        self.weight().dim(0)
    }

    /// Its values: in the scales' type where those are floats, in bfloat16 where they are bytes.
    pub fn unpack(&self) -> Result<Array> {
        match self {
            Self::Affine(matrix) => matrix.unpack(),
            Self::Floating(matrix) => matrix.unpack(),
        }
    }

    /// Packed words, scales and, where the mode has them, biases.
    pub fn into_parts(self) -> Vec<Array> {
        match self {
            Self::Affine(matrix) => vec![matrix.weight, matrix.scales, matrix.biases],
            Self::Floating(matrix) => vec![matrix.weight, matrix.scales],
        }
    }

    /// Its values as [`Self::unpack`] has them on a GPU, and in float32 on a CPU.
    pub(crate) fn expand(&self) -> Result<Array> {
        match self {
            Self::Affine(matrix) => matrix.expand(),
            Self::Floating(matrix) => matrix.expand(),
        }
    }

    /// `x · weightᵀ` for `x (..., in)`, by MLX's own kernel.
    pub(crate) fn multiply_packed(&self, x: &Array) -> Result<Array> {
        match self {
            Self::Affine(matrix) => matrix.multiply_packed(x),
            Self::Floating(matrix) => matrix.multiply_packed(x),
        }
    }

    /// The rows of a range, once `earlier` has been computed.
    pub(crate) fn rows_after(&self, range: Range<i32>, earlier: &Array) -> Result<Self> {
        let mut rows = match self {
            Self::Affine(matrix) => Self::Affine(matrix.rows(range)?),
            Self::Floating(matrix) => Self::Floating(matrix.rows(range)?),
        };
        let weight = crate::after(rows.weight(), earlier)?;
        *rows.weight_mut() = weight;
        Ok(rows)
    }

    /// The rows that `indices` name.
    pub(crate) fn take(&self, indices: &Array) -> Result<Self> {
        Ok(match self {
            Self::Affine(matrix) => Self::Affine(matrix.take(indices)?),
            Self::Floating(matrix) => Self::Floating(matrix.take(indices)?),
        })
    }

    fn weight(&self) -> &Array {
        match self {
            Self::Affine(matrix) => &matrix.weight,
            Self::Floating(matrix) => &matrix.weight,
        }
    }

    fn weight_mut(&mut self) -> &mut Array {
        match self {
            Self::Affine(matrix) => &mut matrix.weight,
            Self::Floating(matrix) => &mut matrix.weight,
        }
    }
}
