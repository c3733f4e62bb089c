//! A linear layer, dense or quantised, and the weight matrix it shares with the embedding.

use headroom_formats::{ExpectedTensor, FloatingLayout, LayerQuantization, QuantizedTensors};
use headroom_mlx::ops::indexing::take_axis;
use headroom_mlx::{AffineMatrix, FloatingMatrix, FloatingMode, QuantizedMatrix};
use headroom_mlx::{Array, Dtype, Processor, Result};
use headroom_mlx::{multiply_dense, multiply_quantized, rows_of_quantized};

use crate::error::ModelError;
use crate::tensor_source::TensorSource;

/// A weight `(out, in)` as the checkpoint stores it.
#[derive(Debug, Clone)]
pub(crate) enum Matrix {
    Dense(Array),
    Quantized(QuantizedMatrix),
}

impl Matrix {
    /// Reads the weight of `layer`.
    pub(crate) fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        outputs: usize,
        inputs: usize,
    ) -> std::result::Result<Self, ModelError> {
        let layout = match source.stored_as(layer, inputs) {
            LayerQuantization::Quantized(layout) => layout,
            LayerQuantization::Dense => {
                let weight =
                    ExpectedTensor::float(format!("{layer}.weight"), vec![outputs, inputs]);
                return Ok(Self::Dense(source.tensor(weight)?));
            }
        };
        let tensors = layout.expected_tensors(layer, &[outputs, inputs])?;
        let packed = packed_matrix(tensors, |tensor| source.tensor(tensor))?;
        Ok(Self::Quantized(packed))
    }

    /// `x · weightᵀ` for `x (..., in)`.
    pub(crate) fn multiply(&self, x: &Array) -> Result<Array> {
        match self {
            Self::Dense(weight) => multiply_dense(x, weight),
            Self::Quantized(matrix) => multiply_quantized(x, matrix),
        }
    }

    /// The rows that `indices` name, in the precision that activations have: float32 on a CPU,
    /// where float32 products are by far the fastest, and the checkpoint's own on a GPU.
    pub(crate) fn rows(&self, indices: &Array) -> Result<Array> {
        let rows = match self {
            Self::Dense(weight) => take_axis(weight, indices, 0)?,
            Self::Quantized(matrix) => rows_of_quantized(matrix, indices)?,
        };
        match Processor::current() {
            Processor::Cpu => rows.as_dtype(Dtype::Float32),
            Processor::Gpu => Ok(rows),
        }
    }
}

/// A packed matrix of tensors that `read` gets.
pub(crate) fn packed_matrix(
    tensors: QuantizedTensors,
    mut read: impl FnMut(ExpectedTensor) -> std::result::Result<Array, ModelError>,
) -> std::result::Result<QuantizedMatrix, ModelError> {
    Ok(match tensors {
        QuantizedTensors::Affine {
            layout,
            weight,
            scales,
            biases,
        } => QuantizedMatrix::Affine(AffineMatrix {
            weight: read(weight)?,
            scales: read(scales)?,
            biases: read(biases)?,
            group_size: layout.group_size().into(),
            bits: layout.bits().into(),
        }),
        QuantizedTensors::Floating {
            layout,
            weight,
            scales,
        } => QuantizedMatrix::Floating(FloatingMatrix {
            weight: read(weight)?,
            scales: read(scales)?,
            mode: mlx_mode(layout),
        }),
    })
}

/// The mode under which MLX knows a stored layout.
pub(crate) fn mlx_mode(layout: FloatingLayout) -> FloatingMode {
    match layout {
        FloatingLayout::Mxfp4 => FloatingMode::Mxfp4,
        FloatingLayout::Mxfp8 => FloatingMode::Mxfp8,
        FloatingLayout::Nvfp4 => FloatingMode::Nvfp4,
    }
}

/// `y = x · weightᵀ + bias`.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Matrix,
    bias: Option<Array>,
}

/// Inputs, outputs and bias of a linear layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinearShape {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) has_bias: bool,
}

impl LinearShape {
    /// Most layers have none.
    pub(crate) fn without_bias(inputs: usize, outputs: usize) -> Self {
        Self {
            inputs,
            outputs,
            has_bias: false,
        }
    }
}

impl Linear {
    /// Reads `layer`'s weight and, where it has one, its bias.
    pub(crate) fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        shape: LinearShape,
    ) -> std::result::Result<Self, ModelError> {
        let weight = Matrix::read(source, layer, shape.outputs, shape.inputs)?;
        let bias = match shape.has_bias {
            true => Some(source.vector(format!("{layer}.bias"), shape.outputs)?),
            false => None,
        };
        Ok(Self { weight, bias })
    }

    /// `(..., inputs)` to `(..., outputs)`.
    pub(crate) fn forward(&self, x: &Array) -> Result<Array> {
        let product = self.weight.multiply(x)?;
        match &self.bias {
            Some(bias) => product.add(bias),
            None => Ok(product),
        }
    }
}
