//! A quantised matrix as it lies in memory.

use mlx_rs::ops::dequantize;

use crate::{Array, Dtype, Processor, Result};

/// A matrix `(out, in)` quantised the affine way: packed integers, and a scale and a bias for each
/// group of consecutive inputs.
#[derive(Debug, Clone)]
pub struct QuantizedMatrix {
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

impl QuantizedMatrix {
    /// Some of its rows, expanded to their scales' type on a GPU and to float32 on a CPU.
    pub(crate) fn expand(&self, weight: &Array, scales: &Array, biases: &Array) -> Result<Array> {
        match Processor::current() {
            Processor::Gpu => dequantize(weight, scales, biases, self.group_size, self.bits),
            Processor::Cpu => dequantize(
                weight,
                scales.as_dtype(Dtype::Float32)?,
                &biases.as_dtype(Dtype::Float32)?,
                self.group_size,
                self.bits,
            ),
        }
    }
}
