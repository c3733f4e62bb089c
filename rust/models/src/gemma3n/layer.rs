//! One layer of Gemma 3n: AltUp around attention beside Laurel, then the MLP, then the layer's own
//! embedding of the tokens.

use headroom_mlx::ops::concatenate;
use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::{Array, Result};

use super::altup::AltUp;
use super::config::Gemma3nConfig;
use super::self_attention::{SelfAttention, Views};
use crate::activation::Activation;
use crate::cache::KeyValueCache;
use crate::error::ModelError;
use crate::linear::{Linear, LinearShape};
use crate::mlp::{GatedMlp, MlpShape};
use crate::normalization::RmsNorm;
use crate::tensor_source::TensorSource;

#[derive(Debug)]
pub(super) struct Layer {
    altup: AltUp,
    laurel: Laurel,
    attention: SelfAttention,
    mlp: GatedMlp,
    norms: Norms,
    per_layer_gate: Linear,
    per_layer_projection: Linear,
}

#[derive(Debug)]
struct Norms {
    before_attention: RmsNorm,
    after_attention: RmsNorm,
    before_mlp: RmsNorm,
    after_mlp: RmsNorm,
    after_per_layer: RmsNorm,
}

/// A learned residual of low rank beside attention.
#[derive(Debug)]
struct Laurel {
    left: Linear,
    right: Linear,
    norm: RmsNorm,
}

impl Layer {
    pub(super) fn read(
        source: &mut dyn TensorSource,
        name: &str,
        config: &Gemma3nConfig,
        number: usize,
    ) -> std::result::Result<Self, ModelError> {
        let (width, own) = (config.hidden_size, config.per_layer.width);
        let gate = LinearShape::without_bias(width, own);
        let projection = LinearShape::without_bias(own, width);
        Ok(Self {
            altup: AltUp::read(source, &format!("{name}.altup"), config)?,
            laurel: Laurel::read(source, &format!("{name}.laurel"), config)?,
            attention: SelfAttention::read(source, &format!("{name}.self_attn"), config, number)?,
            mlp: mlp(source, &format!("{name}.mlp"), config, number)?,
            norms: Norms::read(source, name, config)?,
            per_layer_gate: Linear::read(source, &format!("{name}.per_layer_input_gate"), gate)?,
            per_layer_projection: Linear::read(
                source,
                &format!("{name}.per_layer_projection"),
                projection,
            )?,
        })
    }

    /// `streams (streams, sequences, tokens, hidden)` to the same shape; `own (sequences, tokens,
    /// width)` is this layer's embedding of the tokens.
    pub(super) fn forward(
        &self,
        streams: &Array,
        own: &Array,
        caches: &mut [&mut KeyValueCache],
        views: &mut Views,
    ) -> Result<Array> {
        let predicted = self.altup.predict(streams)?;
        let computed = self.compute(&self.altup.active(&predicted)?, caches, views)?;
        let corrected = self.altup.correct(&predicted, &computed)?;
        self.add_own_embedding(&corrected, own)
    }

    /// Attention, Laurel and MLP over the active stream.
    fn compute(
        &self,
        active: &Array,
        caches: &mut [&mut KeyValueCache],
        views: &mut Views,
    ) -> Result<Array> {
        let normed = self.norms.before_attention.forward(active)?;
        let laurel = self.laurel.forward(&normed)?;
        let attended = self.attention.forward(&normed, caches, views)?;
        let attended = active.add(self.norms.after_attention.forward(&attended)?)?;
        let halved = Array::from_f32(0.5f32.sqrt()).as_dtype(active.dtype())?;
        let x = attended.add(laurel)?.multiply(halved)?;
        let changed = self.mlp.forward(&self.norms.before_mlp.forward(&x)?)?;
        x.add(self.norms.after_mlp.forward(&changed)?)
    }

    /// Every stream but the first learns what the layer knows of the tokens themselves.
    fn add_own_embedding(&self, corrected: &Array, own: &Array) -> Result<Array> {
        let mut active = self.altup.active(corrected)?;
        if let Some(scale) = &self.altup.output_scale {
            active = active.multiply(scale)?;
        }
        let gated = Activation::Gelu.forward(&self.per_layer_gate.forward(&active)?)?;
        let known = self.per_layer_projection.forward(&gated.multiply(own)?)?;
        let known = self.norms.after_per_layer.forward(&known)?;
        let others = corrected.try_index(1..)?.add(known)?;
        concatenate(&[corrected.try_index(..1)?, others], 0)
    }
}

impl Norms {
    fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        config: &Gemma3nConfig,
    ) -> std::result::Result<Self, ModelError> {
        let mut norm = |name| {
            let name = format!("{layer}.{name}");
            RmsNorm::read(source, &name, config.hidden_size, config.norm_epsilon)
        };
        Ok(Self {
            before_attention: norm("input_layernorm")?,
            after_attention: norm("post_attention_layernorm")?,
            before_mlp: norm("pre_feedforward_layernorm")?,
            after_mlp: norm("post_feedforward_layernorm")?,
            after_per_layer: norm("post_per_layer_input_norm")?,
        })
    }
}

impl Laurel {
    fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        config: &Gemma3nConfig,
    ) -> std::result::Result<Self, ModelError> {
        let (width, rank) = (config.hidden_size, config.laurel_rank);
        let left = LinearShape::without_bias(width, rank);
        let right = LinearShape::without_bias(rank, width);
        let norm = format!("{layer}.post_laurel_norm");
        Ok(Self {
            left: Linear::read(source, &format!("{layer}.linear_left"), left)?,
            right: Linear::read(source, &format!("{layer}.linear_right"), right)?,
            norm: RmsNorm::read(source, &norm, width, config.norm_epsilon)?,
        })
    }

    fn forward(&self, x: &Array) -> Result<Array> {
        let learned = self.right.forward(&self.left.forward(x)?)?;
        x.add(self.norm.forward(&learned)?)
    }
}

fn mlp(
    source: &mut dyn TensorSource,
    layer: &str,
    config: &Gemma3nConfig,
    number: usize,
) -> std::result::Result<GatedMlp, ModelError> {
    let own = config.layers[number];
    let shape = MlpShape {
        hidden_size: config.hidden_size,
        intermediate_size: own.intermediate_size,
        has_bias: false,
    };
    let activation = match own.sparsity > 0.0 {
        true => Activation::SparseGelu {
            share: own.sparsity as f32,
        },
        false => Activation::Gelu,
    };
    GatedMlp::read(source, layer, shape, activation)
}
