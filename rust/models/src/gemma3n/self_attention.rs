//! Gemma 3n's attention: keys and values of its own in the first layers, those of the last such layer
//! of the same kind in the others.

use std::collections::HashMap;

use headroom_mlx::{Array, Result};

use super::config::Gemma3nConfig;
use crate::attention::{Attention, HeadNorms, SharedAttention, View};
use crate::cache::KeyValueCache;
use crate::error::ModelError;
use crate::layer_kinds::LayerKind;
use crate::linear::{Linear, LinearShape};
use crate::normalization::RmsNorm;
use crate::projections::Projections;
use crate::rope::Rope;
use crate::tensor_source::TensorSource;

/// What the last layer of each kind looked at, sequence by sequence.
pub(super) type Views = HashMap<LayerKind, Vec<View>>;

#[derive(Debug)]
pub(super) struct SelfAttention {
    kind: LayerKind,
    keys: Keys,
}

#[derive(Debug)]
enum Keys {
    Own(Attention),
    Shared(SharedAttention),
}

/// Scores are not scaled: queries and keys are normalised with learned weights.
const SCALE: f32 = 1.0;

impl SelfAttention {
    pub(super) fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        config: &Gemma3nConfig,
        number: usize,
    ) -> std::result::Result<Self, ModelError> {
        let kind = config.layers[number].kind;
        let keys = match number < config.first_shared {
            true => Keys::Own(own(source, layer, config, kind)?),
            false => Keys::Shared(shared(source, layer, config, kind)?),
        };
        Ok(Self { kind, keys })
    }

    /// `(sequences, tokens, hidden)` to the same shape.
    pub(super) fn forward(
        &self,
        x: &Array,
        caches: &mut [&mut KeyValueCache],
        views: &mut Views,
    ) -> Result<Array> {
        match &self.keys {
            Keys::Own(attention) => {
                let (attended, seen) = attention.forward_with_views(x, caches)?;
                views.insert(self.kind, seen);
                Ok(attended)
            }
            Keys::Shared(attention) => {
                let seen = views.get(&self.kind).map_or(&[][..], Vec::as_slice);
                attention.forward(x, seen)
            }
        }
    }
}

fn own(
    source: &mut dyn TensorSource,
    layer: &str,
    config: &Gemma3nConfig,
    kind: LayerKind,
) -> std::result::Result<Attention, ModelError> {
    let (heads, epsilon) = (config.heads, config.norm_epsilon);
    let names = ["q_proj", "k_proj", "v_proj"].map(|name| format!("{layer}.{name}"));
    let norms = HeadNorms::of_queries_and_keys(source, layer, heads.dim, epsilon)?;
    Ok(Attention {
        projections: Projections::separate(source, names, heads, (config.hidden_size, false))?,
        norms: HeadNorms {
            value: Some(RmsNorm::plain(epsilon)),
            ..norms
        },
        rope: Some(Rope::new(config.rope(kind), heads.dim)),
        output: output(source, layer, config)?,
        heads,
        scale: SCALE,
    })
}

fn shared(
    source: &mut dyn TensorSource,
    layer: &str,
    config: &Gemma3nConfig,
    kind: LayerKind,
) -> std::result::Result<SharedAttention, ModelError> {
    let heads = config.heads;
    let query = LinearShape::without_bias(config.hidden_size, heads.query_width());
    let norm = format!("{layer}.q_norm");
    Ok(SharedAttention {
        query: Linear::read(source, &format!("{layer}.q_proj"), query)?,
        query_norm: RmsNorm::read(source, &norm, heads.dim, config.norm_epsilon)?,
        rope: Rope::new(config.rope(kind), heads.dim),
        output: output(source, layer, config)?,
        heads,
        scale: SCALE,
    })
}

fn output(
    source: &mut dyn TensorSource,
    layer: &str,
    config: &Gemma3nConfig,
) -> std::result::Result<Linear, ModelError> {
    let shape = LinearShape::without_bias(config.heads.query_width(), config.hidden_size);
    Linear::read(source, &format!("{layer}.o_proj"), shape)
}
