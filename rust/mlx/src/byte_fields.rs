//! Products over quantised weights whose values lie whole in bytes: 2, 4 and 8 bits.
//!
//! MLX's own expansion of such weights costs as much as two rows of its packed product. Taken apart by
//! their place in the byte, the values become numbers in two or three vectorised passes, and the
//! biases a product of their own: with `x` taken apart the same way,
//! `x · weightᵀ = Σ over fields (x_field · (scale * values_field)ᵀ) + (sums of x over groups) · biasesᵀ`.
//! On a CPU with a 768 x 2304 weight at 4 bits, 8 rows took 1.1 ms where expansion and product took 2.4.

use mlx_rs::ops::indexing::TryIndexOp;

use crate::affine_matrix::AffineMatrix;
use crate::bits::{bitwise_and, right_shift};
use crate::{Array, Dtype, Result};

/// Activations, taken apart once for all blocks of a weight.
pub(crate) struct Fields {
    /// For each place in a byte, `(rows, in / fields)`.
    parts: Vec<Array>,
    /// `(rows, groups)`.
    group_sums: Array,
    bits: i32,
    group_size: i32,
}

impl Fields {
    /// Takes `x (rows, in)`, float32, apart for a matrix of 2, 4 or 8 bits.
    pub(crate) fn of(x: &Array, matrix: &AffineMatrix) -> Result<Self> {
        let (rows, inputs) = (x.dim(0), x.dim(1));
        let fields = 8 / matrix.bits;
        let apart = x.reshape(&[rows, inputs / fields, fields])?;
        let parts = (0..fields).map(|field| apart.try_index((.., .., field))?.contiguous());
        let groups = [rows, inputs / matrix.group_size, matrix.group_size];
        Ok(Self {
            parts: parts.collect::<Result<_>>()?,
            group_sums: x.reshape(&groups)?.sum_axis(-1, false)?,
            bits: matrix.bits,
            group_size: matrix.group_size,
        })
    }

    /// `(rows, out)` for some of a weight's rows: `weight (out, in * bits / 32)`, and their `scales
    /// (out, groups)` and `biases (out, groups)`.
    pub(crate) fn multiply(&self, weight: &Array, scales: &Array, biases: &Array) -> Result<Array> {
        let bytes = weight.view_dtype(Dtype::Uint8)?;
        let scales = scales.as_dtype(Dtype::Float32)?;
        let biases = biases.as_dtype(Dtype::Float32)?;
        let mut product = self.group_sums.matmul(biases.transpose()?)?;
        for (field, part) in (0..).zip(&self.parts) {
            let values = self.expanded(&bytes, field, &scales)?;
            product = product.add(part.matmul(values.transpose()?)?)?;
        }
        Ok(product)
    }

    /// The values of one field with their scales, `(out, in / fields)`.
    fn expanded(&self, bytes: &Array, field: i32, scales: &Array) -> Result<Array> {
        let (outputs, groups) = (scales.dim(0), scales.dim(1));
        let in_group = self.group_size / (8 / self.bits);
        let values = self.values(bytes, field)?.as_dtype(Dtype::Float32)?;
        values
            .reshape(&[outputs, groups, in_group])?
            .multiply(scales.reshape(&[outputs, groups, 1])?)?
            .reshape(&[outputs, groups * in_group])
    }

    fn values(&self, bytes: &Array, field: i32) -> Result<Array> {
        let small = |number: i32| Array::from_int(number).as_dtype(Dtype::Uint8);
        let shifted = match field {
            0 => bytes.clone(),
            field => right_shift(bytes, &small(field * self.bits)?)?,
        };
        // Nothing lies above the last field.
        match (field + 1) * self.bits {
            8 => Ok(shifted),
            _ => bitwise_and(&shifted, &small((1 << self.bits) - 1)?),
        }
    }
}
