//! RMSNorm (Zhang and Sennrich, 2019).

use headroom_formats::ExpectedTensor;
use headroom_mlx::ops::fast;
use headroom_mlx::{Array, Result};

use crate::error::ModelError;
use crate::tensor_source::{TensorSource, in_activation_precision};

/// `x / sqrt(mean(x²) + epsilon) * weight` over the last axis.
#[derive(Debug)]
pub(crate) struct RmsNorm {
    /// None for one.
    weight: Option<Array>,
    epsilon: f32,
}

impl RmsNorm {
    /// Reads `layer`'s weight.
    pub(crate) fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        width: usize,
        epsilon: f32,
    ) -> std::result::Result<Self, ModelError> {
        Ok(Self {
            weight: Some(source.vector(format!("{layer}.weight"), width)?),
            epsilon,
        })
    }

    /// Reads a weight that is stored as its distance from one, as Gemma's are.
    pub(crate) fn read_from_one(
        source: &mut dyn TensorSource,
        layer: &str,
        width: usize,
        epsilon: f32,
    ) -> std::result::Result<Self, ModelError> {
        let distance = ExpectedTensor::float(format!("{layer}.weight"), [width]);
        let weight = source.prepared(distance, &|distance| {
            let distance = in_activation_precision(distance)?;
            distance.add(Array::from_f32(1.0).as_dtype(distance.dtype())?)
        })?;
        Ok(Self {
            weight: Some(weight),
            epsilon,
        })
    }

    /// Without a weight.
    pub(crate) fn plain(epsilon: f32) -> Self {
        Self {
            weight: None,
            epsilon,
        }
    }

    /// The same shape.
    pub(crate) fn forward(&self, x: &Array) -> Result<Array> {
        fast::rms_norm(x, self.weight.as_ref(), self.epsilon)
    }
}
