//! AltUp (Baykal et al., 2023): several residual streams, of which a layer computes one. Before it, all
//! are predicted from each other; after it, all are corrected by how far the computed one was off.

use headroom_formats::ExpectedTensor;
use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::ops::{clip, tanh};
use headroom_mlx::{Array, Dtype, Result};

use super::config::Gemma3nConfig;
use crate::error::ModelError;
use crate::linear::{Linear, LinearShape};
use crate::normalization::RmsNorm;
use crate::tensor_source::TensorSource;

/// One layer's mixing of the streams.
#[derive(Debug)]
pub(super) struct AltUp {
    router: Linear,
    router_norm: RmsNorm,
    /// `(streams², streams)`
    prediction: Array,
    /// `(streams, streams)`
    correction: Array,
    /// `(hidden)`, for the corrected active stream where it goes to the per-layer input.
    pub(super) output_scale: Option<Array>,
    streams: i32,
    active: i32,
    hidden_size: f32,
}

fn clipped(coefficients: Array, limit: Option<f32>) -> Result<Array> {
    let full = coefficients.as_dtype(Dtype::Float32)?;
    let Some(limit) = limit else {
        return Ok(full);
    };
    clip(full, (&Array::from_f32(-limit), &Array::from_f32(limit)))
}

impl AltUp {
    pub(super) fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        config: &Gemma3nConfig,
    ) -> std::result::Result<Self, ModelError> {
        let (width, altup) = (config.hidden_size, config.altup);
        let router = LinearShape::without_bias(width, altup.streams);
        let norm = format!("{layer}.router_norm");
        // Small enough to stay in full precision, in which they are used.
        let mut coefficients = |name: &str, outputs| {
            let name = format!("{layer}.{name}.weight");
            let stored = ExpectedTensor::float(name, [outputs, altup.streams]);
            source.prepared(stored, &|stored| clipped(stored, altup.coefficient_clip))
        };
        let prediction = coefficients("prediction_coefs", altup.streams * altup.streams)?;
        let correction = coefficients("correction_coefs", altup.streams)?;
        let output_scale = source.vector(format!("{layer}.correct_output_scale"), width)?;
        Ok(Self {
            prediction,
            correction,
            output_scale: altup.scales_corrected.then_some(output_scale),
            router: Linear::read(source, &format!("{layer}.modality_router"), router)?,
            router_norm: RmsNorm::read(source, &norm, width, config.norm_epsilon)?,
            streams: altup.streams as i32,
            active: altup.active as i32,
            hidden_size: width as f32,
        })
    }

    /// The stream that the layer computes, of `(streams, sequences, tokens, hidden)`.
    pub(super) fn active(&self, streams: &Array) -> Result<Array> {
        streams.try_index(self.active)
    }

    /// What the streams will be, of the same shape.
    pub(super) fn predict(&self, streams: &Array) -> Result<Array> {
        let [sequences, tokens] = [1, 2].map(|axis| streams.dim(axis));
        let mixing = self
            .routed(&self.active(streams)?)?
            .matmul(self.prediction.transpose()?)?
            .reshape(&[sequences, tokens, self.streams, self.streams])?;
        let full = streams.as_dtype(Dtype::Float32)?;
        // Row i of the mixing makes stream i of all: (sequences, tokens, streams, hidden).
        let mixed = mixing.matmul(full.transpose_axes(&[1, 2, 0, 3])?)?;
        let predicted = mixed.transpose_axes(&[2, 0, 1, 3])?.add(full)?;
        predicted.as_dtype(streams.dtype())
    }

    /// The streams after the layer made `computed (sequences, tokens, hidden)` of the active one.
    pub(super) fn correct(&self, predicted: &Array, computed: &Array) -> Result<Array> {
        let weights = self
            .routed(computed)?
            .matmul(self.correction.transpose()?)?
            .add(Array::from_f32(1.0))?
            .transpose_axes(&[2, 0, 1])?
            .expand_dims(-1)?;
        let innovation = computed.subtract(self.active(predicted)?)?.expand_dims(0)?;
        let corrected = innovation.multiply(weights)?.add(predicted)?;
        corrected.as_dtype(computed.dtype())
    }

    /// `(sequences, tokens, streams)`: what each stream is worth at each token.
    fn routed(&self, active: &Array) -> Result<Array> {
        let scale = Array::from_f32(1.0 / self.hidden_size).as_dtype(active.dtype())?;
        let normed = self.router_norm.forward(active)?.multiply(scale)?;
        tanh(self.router.forward(&normed)?.as_dtype(Dtype::Float32)?)
    }
}
