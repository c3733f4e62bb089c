//! The settings that every decoder of the Llama line shares, read from `config.json` with a range
//! for each, so that no product of them can overflow and none asks for more than a model could use.

use std::ops::RangeInclusive;

use headroom_formats::{ConfigFile, FormatError};

use crate::model::{LayerShape, ModelShape};
use crate::rope::RopeConfig;

/// A pre-norm decoder's sizes.
#[derive(Debug, Clone)]
pub(crate) struct DecoderSettings {
    pub(crate) hidden_size: usize,
    pub(crate) layers: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) heads: usize,
    pub(crate) key_value_heads: usize,
    pub(crate) head_dim: usize,
    pub(crate) vocabulary_size: usize,
    pub(crate) norm_epsilon: f32,
    pub(crate) context_length: Option<u32>,
    pub(crate) rope: RopeConfig,
    pub(crate) attention_bias: bool,
    pub(crate) mlp_bias: bool,
    /// RMSNorm over each head's queries and keys.
    pub(crate) query_key_norm: bool,
    /// What `tie_word_embeddings` says; `None` where it says nothing.
    pub(crate) tied_head: Option<bool>,
}

const WIDTH: RangeInclusive<u64> = 1..=1 << 17;
const HEADS: RangeInclusive<u64> = 1..=1 << 10;
const HEAD_DIM: RangeInclusive<u64> = 2..=1 << 11;
const LAYERS: RangeInclusive<u64> = 1..=1 << 10;
const VOCABULARY: RangeInclusive<u64> = 1..=1 << 22;
const POSITIONS: RangeInclusive<u64> = 1..=1 << 30;

/// The sizes of which each family has its own idea when the configuration is silent.
pub(crate) struct FamilyDefaults {
    /// Head dim, given hidden size and heads.
    pub(crate) head_dim: fn(usize, usize) -> usize,
    pub(crate) rope_theta: Option<f64>,
}

impl DecoderSettings {
    /// Reads what all families spell the same; the rest starts as absent.
    pub(crate) fn from_config(
        config: &ConfigFile,
        defaults: &FamilyDefaults,
    ) -> Result<Self, FormatError> {
        let integer = |name, range| config.integer(name, range).map(|value| value as usize);
        let optional = |name, range| config.optional_integer(name, range);
        let hidden_size = integer("hidden_size", WIDTH)?;
        let heads = integer("num_attention_heads", HEADS)?;
        let key_value_heads =
            optional("num_key_value_heads", HEADS)?.map_or(heads, |count| count as usize);
        let head_dim = match optional("head_dim", HEAD_DIM)? {
            Some(head_dim) => head_dim as usize,
            None => (defaults.head_dim)(hidden_size, heads),
        };
        let settings = Self {
            hidden_size,
            layers: integer("num_hidden_layers", LAYERS)?,
            intermediate_size: integer("intermediate_size", WIDTH)?,
            heads,
            key_value_heads,
            head_dim,
            vocabulary_size: integer("vocab_size", VOCABULARY)?,
            norm_epsilon: config.float("rms_norm_eps", 0.0..=1.0)? as f32,
            context_length: optional("max_position_embeddings", POSITIONS)?
                .map(|length| length as u32),
            rope: RopeConfig::from_config(config, defaults.rope_theta)?,
            attention_bias: false,
            mlp_bias: false,
            query_key_norm: false,
            tied_head: config.optional_boolean("tie_word_embeddings")?,
        };
        settings.refuse_impossible_heads(config)?;
        Ok(settings)
    }

    /// The sizes that the rooms above need.
    pub(crate) fn shape(&self) -> ModelShape {
        let layer = LayerShape {
            key_value_heads: self.key_value_heads as u32,
            head_dim: self.head_dim as u32,
            window: None,
        };
        ModelShape {
            hidden_size: self.hidden_size as u32,
            intermediate_size: self.intermediate_size as u32,
            heads: self.heads as u32,
            vocabulary_size: self.vocabulary_size as u32,
            context_length: self.context_length,
            layers: vec![layer; self.layers],
        }
    }

    fn refuse_impossible_heads(&self, config: &ConfigFile) -> Result<(), FormatError> {
        if !self.heads.is_multiple_of(self.key_value_heads) {
            let allowed = format!("a divisor of num_attention_heads, which is {}", self.heads);
            return Err(config.refused_value("num_key_value_heads", &allowed));
        }
        if self.head_dim < 2 || !self.head_dim.is_multiple_of(2) {
            let found = self.head_dim.to_string();
            return Err(config.refused("head_dim", &found, "an even number of at least 2"));
        }
        Ok(())
    }
}
