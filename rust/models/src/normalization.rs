//! RMSNorm (Zhang and Sennrich, 2019).

use headroom_mlx::ops::fast;
use headroom_mlx::{Array, Result};

use crate::error::ModelError;
use crate::tensor_source::TensorSource;

/// `x / sqrt(mean(x²) + epsilon) * weight` over the last axis.
#[derive(Debug)]
pub(crate) struct RmsNorm {
    weight: Array,
    epsilon: f32,
}

impl RmsNorm {
    pub(crate) fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        width: usize,
        epsilon: f32,
    ) -> std::result::Result<Self, ModelError> {
        Ok(Self {
            weight: source.vector(format!("{layer}.weight"), width)?,
            epsilon,
        })
    }

    pub(crate) fn forward(&self, x: &Array) -> Result<Array> {
        fast::rms_norm(x, Some(&self.weight), self.epsilon)
    }
}
