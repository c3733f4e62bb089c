//! A matrix of whole numbers with scales and biases.

use mlx_rs::ops::indexing::{TryIndexOp, take_axis};
use mlx_rs::ops::{dequantize, quantize, quantized_matmul};

use std::ops::Range;

use crate::{Array, Dtype, Processor, Result};

/// A matrix `(out, in)` quantised the affine way: packed integers, and a scale and a bias for each
/// group of consecutive inputs.
#[derive(Debug, Clone)]
pub struct AffineMatrix {
    /// Packed values, uint32 `(out, in * bits / 32)`.
    pub weight: Array,
    /// Scales, float `(out, in / group_size)`.
    pub scales: Array,
    /// Biases of the groups, float `(out, in / group_size)`.
    pub biases: Array,
    /// Inputs that share a scale: 32, 64 or 128.
    pub group_size: i32,
    /// Bits per value: 2 to 8.
    pub bits: i32,
}

impl AffineMatrix {
    /// Packs `weight (out, in)`, whose type its scales and biases will have.
    pub fn pack(weight: &Array, group_size: i32, bits: i32) -> Result<Self> {
        let (weight, scales, biases) = quantize(weight, group_size, bits)?;
        Ok(Self {
            weight,
            scales,
            biases,
            group_size,
            bits,
        })
    }

    /// Its values `(out, in)`, in its scales' type.
    pub fn unpack(&self) -> Result<Array> {
        self.unpack_with(&self.scales, &self.biases)
    }

    /// Its values in its scales' type on a GPU and in float32 on a CPU.
    pub(crate) fn expand(&self) -> Result<Array> {
        match Processor::current() {
            Processor::Gpu => self.unpack(),
            Processor::Cpu => self.unpack_with(
                &self.scales.as_dtype(Dtype::Float32)?,
                &self.biases.as_dtype(Dtype::Float32)?,
            ),
        }
    }

    fn unpack_with(&self, scales: &Array, biases: &Array) -> Result<Array> {
        dequantize(&self.weight, scales, biases, self.group_size, self.bits)
    }

    /// `x · weightᵀ` for `x (..., in)`, by MLX's own kernel.
    pub(crate) fn multiply_packed(&self, x: &Array) -> Result<Array> {
        let (group_size, bits) = (self.group_size, self.bits);
        quantized_matmul(
            x,
            &self.weight,
            &self.scales,
            &self.biases,
            true,
            group_size,
            bits,
        )
    }

    /// Some of its rows, each part of them taken by `part`.
    fn with(&self, part: impl Fn(&Array) -> Result<Array>) -> Result<Self> {
        Ok(Self {
            weight: part(&self.weight)?,
            scales: part(&self.scales)?,
            biases: part(&self.biases)?,
            ..*self
        })
    }

    /// The rows of a range.
    pub(crate) fn rows(&self, range: Range<i32>) -> Result<Self> {
        self.with(|part| part.try_index(range.clone()))
    }

    /// The rows that `indices` name.
    pub(crate) fn take(&self, indices: &Array) -> Result<Self> {
        self.with(|part| take_axis(part, indices, 0))
    }
}
