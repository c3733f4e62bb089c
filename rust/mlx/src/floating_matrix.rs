//! A matrix of small floating-point numbers with scales of a byte.

use std::ops::Range;

use mlx_rs::ops::indexing::{TryIndexOp, take_axis};

use crate::floating_mode::{Float, FloatingMode};
use crate::{Array, Processor, Result};

/// A matrix `(out, in)` of 4- or 8-bit floating-point numbers, and a scale for each group of
/// consecutive inputs.
#[derive(Debug, Clone)]
pub struct FloatingMatrix {
    /// Packed values, uint32 `(out, in * bits / 32)`.
    pub weight: Array,
    /// Scales, uint8 `(out, in / group_size)`, whose bits the mode explains.
    pub scales: Array,
    /// What values and scales are.
    pub mode: FloatingMode,
}

impl FloatingMatrix {
    /// Packs `weight (out, in)`.
    pub fn pack(weight: &Array, mode: FloatingMode) -> Result<Self> {
        let (weight, scales) = mode.quantize(weight)?;
        Ok(Self {
            weight,
            scales,
            mode,
        })
    }

    /// Its values `(out, in)` in bfloat16, which holds them exactly.
    pub fn unpack(&self) -> Result<Array> {
        self.mode
            .dequantize(&self.weight, &self.scales, Float::Bfloat16)
    }

    /// Its values in bfloat16 on a GPU and in float32 on a CPU.
    pub(crate) fn expand(&self) -> Result<Array> {
        match Processor::current() {
            Processor::Gpu => self.unpack(),
            Processor::Cpu => self
                .mode
                .dequantize(&self.weight, &self.scales, Float::Float32),
        }
    }

    /// `x · weightᵀ` for `x (..., in)`, by MLX's own kernel.
    pub(crate) fn multiply_packed(&self, x: &Array) -> Result<Array> {
        self.mode.multiply(x, &self.weight, &self.scales)
    }

    /// The rows of a range.
    pub(crate) fn rows(&self, range: Range<i32>) -> Result<Self> {
        self.with(|part| part.try_index(range.clone()))
    }

    /// The rows that `indices` name.
    pub(crate) fn take(&self, indices: &Array) -> Result<Self> {
        self.with(|part| take_axis(part, indices, 0))
    }

    fn with(&self, part: impl Fn(&Array) -> Result<Array>) -> Result<Self> {
        Ok(Self {
            weight: part(&self.weight)?,
            scales: part(&self.scales)?,
            mode: self.mode,
        })
    }
}
