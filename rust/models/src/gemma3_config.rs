//! What a configuration of Gemma 3's text model says, with what Google's own files leave to defaults.

use headroom_formats::{ConfigSection, FormatError};

use crate::head::HeadSettings;
use crate::heads::{HEAD_DIM, HEADS, Heads};
use crate::layer_kinds::{LayerKind, layer_kinds, windows_of};
use crate::model::ModelShape;
use crate::rope::{RopeConfig, optional_theta};
use crate::settings::{LAYERS, SOFT_CAP, VOCABULARY, WIDTH, context_length, norm_epsilon};

/// Gemma 3's sizes.
#[derive(Debug)]
pub(crate) struct Gemma3Config {
    pub(crate) hidden_size: usize,
    pub(crate) intermediate_size: usize,
    pub(crate) vocabulary_size: usize,
    pub(crate) heads: Heads,
    pub(crate) norm_epsilon: f32,
    /// By which scores are multiplied.
    pub(crate) score_scale: f32,
    context_length: Option<u32>,
    kinds: Vec<LayerKind>,
    windows: Vec<Option<u32>>,
    ropes: Ropes,
    tied_head: Option<bool>,
    soft_cap: Option<f32>,
}

/// RoPE of layers that see a window and of those that see everything.
#[derive(Debug)]
pub(crate) struct Ropes {
    sliding: RopeConfig,
    full: RopeConfig,
}

impl Gemma3Config {
    /// Reads `config`, the text model's own.
    pub(crate) fn from_section(config: &ConfigSection) -> Result<Self, FormatError> {
        refuse_capped_scores(config)?;
        let or = |name, range, default| {
            let value = config.optional_integer(name, range)?;
            Ok::<_, FormatError>(value.unwrap_or(default) as usize)
        };
        let kinds = kinds(config, or("num_hidden_layers", LAYERS, 26)?)?;
        let heads = Heads {
            query: or("num_attention_heads", HEADS, 8)?,
            key_value: or("num_key_value_heads", HEADS, 4)?,
            dim: or("head_dim", HEAD_DIM, 256)?,
        };
        let scalar = config.optional_float("query_pre_attn_scalar", 1e-3..=1e6)?;
        let soft_cap = config.optional_float("final_logit_softcapping", SOFT_CAP)?;
        Ok(Self {
            hidden_size: or("hidden_size", WIDTH, 2304)?,
            intermediate_size: or("intermediate_size", WIDTH, 9216)?,
            vocabulary_size: or("vocab_size", VOCABULARY, 262_208)?,
            heads: heads.checked(config, ("num_key_value_heads", "head_dim"))?,
            norm_epsilon: norm_epsilon(config, Some(1e-6))?,
            score_scale: scalar.unwrap_or(256.0).powf(-0.5) as f32,
            context_length: context_length(config)?.or(Some(131_072)),
            windows: windows_of(config, &kinds)?,
            ropes: Ropes::from_section(config)?,
            kinds,
            tied_head: config.optional_boolean("tie_word_embeddings")?,
            soft_cap: soft_cap.map(|cap| cap as f32),
        })
    }

    /// Decoder blocks.
    pub(crate) fn layers(&self) -> usize {
        self.kinds.len()
    }

    /// RoPE of a layer.
    pub(crate) fn rope(&self, number: usize) -> &RopeConfig {
        match self.kinds.get(number) {
            Some(kind) => self.ropes.of(*kind),
            None => &self.ropes.full,
        }
    }

    /// What is known of the head.
    pub(crate) fn head(&self) -> HeadSettings {
        HeadSettings {
            vocabulary_size: self.vocabulary_size,
            hidden_size: self.hidden_size,
            tied: self.tied_head,
            soft_cap: self.soft_cap,
        }
    }

    /// The sizes that the rooms above need.
    pub(crate) fn shape(&self) -> ModelShape {
        let windows = self.windows.iter().copied();
        ModelShape {
            hidden_size: self.hidden_size as u32,
            residual_streams: 1,
            mlp_is_gated: true,
            intermediate_size: self.intermediate_size as u32,
            heads: self.heads.query as u32,
            vocabulary_size: self.vocabulary_size as u32,
            context_length: self.context_length,
            rope_stretch: self.ropes.full.stretch(),
            layers: windows
                .map(|window| self.heads.layer_shape(window))
                .collect(),
        }
    }
}

impl Ropes {
    /// Each kind's section of `rope_parameters`; before there was such a thing, `rope_theta` and
    /// `rope_scaling` for full layers and `rope_local_base_freq` for the others.
    pub(crate) fn from_section(config: &ConfigSection) -> Result<Self, FormatError> {
        Ok(Self {
            sliding: RopeConfig::of_layer_kind(config, "sliding_attention", || {
                let theta = optional_theta(config, "rope_local_base_freq")?;
                Ok(RopeConfig::plain(theta.unwrap_or(10_000.0)))
            })?,
            full: RopeConfig::of_layer_kind(config, "full_attention", || {
                RopeConfig::from_config(config, Some(1_000_000.0))
            })?,
        })
    }

    /// That of layers of a kind.
    pub(crate) fn of(&self, kind: LayerKind) -> &RopeConfig {
        match kind {
            LayerKind::Sliding => &self.sliding,
            LayerKind::Full => &self.full,
        }
    }
}

/// `layer_types`, or every `sliding_window_pattern`-th layer full.
fn kinds(config: &ConfigSection, layers: usize) -> Result<Vec<LayerKind>, FormatError> {
    if let Some(kinds) = layer_kinds(config, layers)? {
        return Ok(kinds);
    }
    let pattern = config.optional_integer("sliding_window_pattern", LAYERS)?;
    let pattern = pattern.unwrap_or(6) as usize;
    let kinds = (1..=layers).map(|layer| match layer % pattern {
        0 => LayerKind::Full,
        _ => LayerKind::Sliding,
    });
    Ok(kinds.collect())
}

fn refuse_capped_scores(config: &ConfigSection) -> Result<(), FormatError> {
    match config.value("attn_logit_softcapping") {
        Some(_) => Err(config.refused_value("attn_logit_softcapping", "null, as in Gemma 3")),
        None => Ok(()),
    }
}
