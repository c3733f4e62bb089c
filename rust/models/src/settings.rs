//! The settings that the decoders of the Llama line share, read from `config.json` with a range
//! for each, so that no product of them can overflow and none asks for more than a model could use.

use std::ops::RangeInclusive;

use headroom_formats::{ConfigSection, FormatError};

use crate::head::HeadSettings;
use crate::heads::{HEAD_DIM, HEADS, Heads};
use crate::model::ModelShape;
use crate::rope::{RopeConfig, RopeScaling};

/// Widths of the residual stream and of MLPs.
pub(crate) const WIDTH: RangeInclusive<u64> = 1..=1 << 17;
/// Decoder blocks.
pub(crate) const LAYERS: RangeInclusive<u64> = 1..=1 << 10;
/// Token ids.
pub(crate) const VOCABULARY: RangeInclusive<u64> = 1..=1 << 22;
/// Positions, and windows of them.
pub(crate) const POSITIONS: RangeInclusive<u64> = 1..=1 << 30;
/// What norms add under their root.
pub(crate) const EPSILON: RangeInclusive<f64> = 0.0..=1.0;
/// The bounds of soft caps.
pub(crate) const SOFT_CAP: RangeInclusive<f64> = 1e-3..=1e6;

/// A decoder's sizes, as all of the line spell them.
#[derive(Debug, Clone)]
pub(crate) struct DecoderSettings {
    pub(crate) hidden_size: usize,
    pub(crate) layers: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) heads: Heads,
    pub(crate) vocabulary_size: usize,
    pub(crate) norm_epsilon: f32,
    pub(crate) context_length: Option<u32>,
    pub(crate) rope: RopeConfig,
    /// What `tie_word_embeddings` says; `None` where it says nothing.
    pub(crate) tied_head: Option<bool>,
}

/// The sizes of which each family has its own idea when the configuration is silent.
pub(crate) struct FamilyDefaults {
    /// Head dim, given hidden size and heads.
    pub(crate) head_dim: fn(usize, usize) -> usize,
    pub(crate) rope_theta: Option<f64>,
    pub(crate) norm_epsilon: Option<f64>,
}

impl DecoderSettings {
    /// Reads what all families of the line spell the same.
    pub(crate) fn from_config(
        config: &ConfigSection,
        defaults: &FamilyDefaults,
    ) -> Result<Self, FormatError> {
        let integer = |name, range| config.integer(name, range).map(|value| value as usize);
        let hidden_size = integer("hidden_size", WIDTH)?;
        let heads = heads(config, hidden_size, defaults)?;
        let settings = Self {
            hidden_size,
            layers: integer("num_hidden_layers", LAYERS)?,
            intermediate_size: integer("intermediate_size", WIDTH)?,
            heads,
            vocabulary_size: integer("vocab_size", VOCABULARY)?,
            norm_epsilon: norm_epsilon(config, defaults.norm_epsilon)?,
            context_length: context_length(config)?,
            rope: RopeConfig::from_config(config, defaults.rope_theta)?,
            tied_head: config.optional_boolean("tie_word_embeddings")?,
        };
        if let RopeScaling::LongRope(factors) = &settings.rope.scaling {
            factors.require_pairs(settings.rope.rotated_dims(heads.dim), config)?;
        }
        Ok(settings)
    }

    /// The sizes that the rooms above need, for layers that see these windows.
    pub(crate) fn shape(&self, windows: &[Option<u32>]) -> ModelShape {
        let windows = windows.iter().copied();
        ModelShape {
            hidden_size: self.hidden_size as u32,
            residual_streams: 1,
            mlp_is_gated: true,
            intermediate_size: self.intermediate_size as u32,
            heads: self.heads.query as u32,
            vocabulary_size: self.vocabulary_size as u32,
            context_length: self.context_length,
            rope_stretch: self.rope.stretch(),
            layers: windows
                .map(|window| self.heads.layer_shape(window))
                .collect(),
        }
    }

    /// What is known of the head.
    pub(crate) fn head(&self) -> HeadSettings {
        HeadSettings {
            vocabulary_size: self.vocabulary_size,
            hidden_size: self.hidden_size,
            tied: self.tied_head,
            soft_cap: None,
        }
    }
}

fn heads(
    config: &ConfigSection,
    hidden_size: usize,
    defaults: &FamilyDefaults,
) -> Result<Heads, FormatError> {
    let query = config.integer("num_attention_heads", HEADS)? as usize;
    let key_value = config.optional_integer("num_key_value_heads", HEADS)?;
    let head_dim = config.optional_integer("head_dim", HEAD_DIM)?;
    let heads = Heads {
        query,
        key_value: key_value.map_or(query, |count| count as usize),
        dim: head_dim.map_or_else(
            || (defaults.head_dim)(hidden_size, query),
            |width| width as usize,
        ),
    };
    heads.checked(config, ("num_key_value_heads", "head_dim"))
}

/// `rms_norm_eps`, which a family without a default demands.
pub(crate) fn norm_epsilon(
    config: &ConfigSection,
    default: Option<f64>,
) -> Result<f32, FormatError> {
    let epsilon = match (config.optional_float("rms_norm_eps", EPSILON)?, default) {
        (Some(stated), _) => stated,
        (None, Some(default)) => default,
        (None, None) => config.float("rms_norm_eps", EPSILON)?,
    };
    Ok(epsilon as f32)
}

/// `max_position_embeddings`, where it is there.
pub(crate) fn context_length(config: &ConfigSection) -> Result<Option<u32>, FormatError> {
    let length = config.optional_integer("max_position_embeddings", POSITIONS)?;
    Ok(length.map(|length| length as u32))
}
