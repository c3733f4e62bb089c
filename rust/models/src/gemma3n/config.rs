//! What a configuration of Gemma 3n's text model says, with the published models' defaults.

use std::ops::RangeInclusive;

use headroom_formats::{ConfigSection, FormatError};

use crate::gemma3_config::Ropes;
use crate::head::HeadSettings;
use crate::heads::{HEAD_DIM, HEADS, Heads};
use crate::layer_kinds::{LayerKind, layer_kinds, windows_of};
use crate::model::ModelShape;
use crate::rope::{RopeConfig, RopeStretch};
use crate::settings::{LAYERS, SOFT_CAP, VOCABULARY, WIDTH, context_length, norm_epsilon};

/// Gemma 3n's sizes.
#[derive(Debug)]
pub(crate) struct Gemma3nConfig {
    pub(crate) hidden_size: usize,
    pub(crate) vocabulary_size: usize,
    pub(crate) heads: Heads,
    pub(crate) norm_epsilon: f32,
    pub(crate) altup: AltUpConfig,
    pub(crate) per_layer: PerLayerConfig,
    pub(crate) laurel_rank: usize,
    pub(crate) layers: Vec<LayerConfig>,
    /// Layers from here on look at what earlier ones saw.
    pub(crate) first_shared: usize,
    soft_cap: Option<f32>,
    context_length: Option<u32>,
    windows: Vec<Option<u32>>,
    ropes: Ropes,
}

/// What differs from layer to layer: MatFormer's slices have widths of their own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LayerConfig {
    pub(crate) kind: LayerKind,
    pub(crate) intermediate_size: usize,
    /// The share of the MLP's gates that is set to nothing.
    pub(crate) sparsity: f64,
}

/// Alternating updates: several residual streams, of which each layer computes one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AltUpConfig {
    pub(crate) streams: usize,
    /// The stream that layers compute.
    pub(crate) active: usize,
    /// Mixing weights stay within this.
    pub(crate) coefficient_clip: Option<f32>,
    pub(crate) scales_corrected: bool,
}

/// Embeddings that each layer has of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PerLayerConfig {
    pub(crate) vocabulary_size: usize,
    /// Width per layer.
    pub(crate) width: usize,
}

const STREAMS: RangeInclusive<u64> = 2..=16;
const DEFAULT_LAYERS: u64 = 35;

impl Gemma3nConfig {
    /// Reads `config`, the text model's own.
    pub(crate) fn from_section(config: &ConfigSection) -> Result<Self, FormatError> {
        let or = |name, range, default| integer_or(config, name, (range, default));
        let heads = Heads {
            query: or("num_attention_heads", HEADS, 8)?,
            key_value: or("num_key_value_heads", HEADS, 2)?,
            dim: or("head_dim", HEAD_DIM, 256)?,
        };
        let count = or("num_hidden_layers", LAYERS, DEFAULT_LAYERS)?;
        let kinds = kinds(config, count)?;
        let soft_cap = config.optional_float("final_logit_softcapping", SOFT_CAP)?;
        Ok(Self {
            hidden_size: or("hidden_size", WIDTH, 2048)?,
            vocabulary_size: or("vocab_size", VOCABULARY, 262_400)?,
            heads: heads.checked(config, ("num_key_value_heads", "head_dim"))?,
            norm_epsilon: norm_epsilon(config, Some(1e-6))?,
            altup: AltUpConfig::from_section(config)?,
            per_layer: PerLayerConfig {
                vocabulary_size: or("vocab_size_per_layer_input", VOCABULARY, 262_144)?,
                width: or("hidden_size_per_layer_input", WIDTH, 256)?,
            },
            laurel_rank: or("laurel_rank", WIDTH, 64)?,
            first_shared: first_shared(config, &kinds)?,
            soft_cap: soft_cap.map(|cap| cap as f32),
            context_length: context_length(config)?.or(Some(32_768)),
            windows: windows_of(config, &kinds)?,
            layers: layers(config, kinds)?,
            ropes: Ropes::from_section(config)?,
        })
    }

    /// RoPE of layers of a kind.
    pub(crate) fn rope(&self, kind: LayerKind) -> &RopeConfig {
        self.ropes.of(kind)
    }

    /// What is known of the head, which is always the embedding's weight.
    pub(crate) fn head(&self) -> HeadSettings {
        HeadSettings {
            vocabulary_size: self.vocabulary_size,
            hidden_size: self.hidden_size,
            tied: Some(true),
            soft_cap: self.soft_cap,
        }
    }

    /// The sizes that the rooms above need; only the layers before the first shared one keep anything.
    pub(crate) fn shape(&self) -> ModelShape {
        let widest = self.layers.iter().map(|layer| layer.intermediate_size);
        let own = self.windows.iter().take(self.first_shared).copied();
        ModelShape {
            hidden_size: self.hidden_size as u32,
            residual_streams: self.altup.streams as u32,
            mlp_is_gated: true,
            intermediate_size: widest.max().unwrap_or(0) as u32,
            heads: self.heads.query as u32,
            vocabulary_size: self.vocabulary_size as u32,
            context_length: self.context_length,
            rope_stretch: RopeStretch::Same,
            layers: own.map(|window| self.heads.layer_shape(window)).collect(),
        }
    }
}

impl AltUpConfig {
    fn from_section(config: &ConfigSection) -> Result<Self, FormatError> {
        let streams = integer_or(config, "altup_num_inputs", (STREAMS, 4))?;
        let clip = config.optional_float("altup_coef_clip", 1e-3..=1e6)?;
        let scales = config.optional_boolean("altup_correct_scale")?;
        let last = streams as u64 - 1;
        Ok(Self {
            streams,
            active: integer_or(config, "altup_active_idx", (0..=last, 0))?,
            coefficient_clip: clip.map(|clip| clip as f32),
            scales_corrected: scales.unwrap_or(true),
        })
    }
}

fn integer_or(
    config: &ConfigSection,
    name: &str,
    (range, default): (RangeInclusive<u64>, u64),
) -> Result<usize, FormatError> {
    let value = config.optional_integer(name, range)?;
    Ok(value.unwrap_or(default) as usize)
}

/// `layer_types`, or every fifth layer full.
fn kinds(config: &ConfigSection, layers: usize) -> Result<Vec<LayerKind>, FormatError> {
    let stated = layer_kinds(config, layers)?;
    Ok(stated.unwrap_or_else(|| {
        let kinds = (1..=layers).map(|layer| match layer % 5 {
            0 => LayerKind::Full,
            _ => LayerKind::Sliding,
        });
        kinds.collect()
    }))
}

/// Layers before `num_kv_shared_layers` keep keys and values; the others need one of their kind among
/// them.
fn first_shared(config: &ConfigSection, kinds: &[LayerKind]) -> Result<usize, FormatError> {
    let most = kinds.len() as u64 - 1;
    let shared = integer_or(config, "num_kv_shared_layers", (0..=most, 15.min(most)))?;
    let (own, shared) = kinds.split_at(kinds.len() - shared);
    match shared.iter().find(|kind| !own.contains(kind)) {
        None => Ok(own.len()),
        Some(_) => Err(config.refused_value(
            "num_kv_shared_layers",
            "small enough that each kind of layer also has one with keys of its own",
        )),
    }
}

fn layers(config: &ConfigSection, kinds: Vec<LayerKind>) -> Result<Vec<LayerConfig>, FormatError> {
    let widths = config.one_or_more_integers("intermediate_size", WIDTH)?;
    let widths = one_for_each(config, ("intermediate_size", 16_384), widths, kinds.len())?;
    let sparsities = config.optional_floats("activation_sparsity_pattern", 0.0..=0.999)?;
    let sparsities = match sparsities {
        Some(stated) => one_for_each(
            config,
            ("activation_sparsity_pattern", 0.0),
            stated,
            kinds.len(),
        )?,
        None => published_sparsities(kinds.len()),
    };
    let layers = kinds.into_iter().zip(widths).zip(sparsities);
    let layers = layers.map(|((kind, width), sparsity)| LayerConfig {
        kind,
        intermediate_size: width as usize,
        sparsity,
    });
    Ok(layers.collect())
}

/// The first ten layers of more than ten.
fn published_sparsities(layers: usize) -> Vec<f64> {
    let sparsity = |layer| match layers > 10 && layer < 10 {
        true => 0.95,
        false => 0.0,
    };
    (0..layers).map(sparsity).collect()
}

/// One value is every layer's, none the default.
fn one_for_each<T: Copy>(
    config: &ConfigSection,
    (name, default): (&str, T),
    stated: Vec<T>,
    layers: usize,
) -> Result<Vec<T>, FormatError> {
    match stated.as_slice() {
        [] => Ok(vec![default; layers]),
        [one] => Ok(vec![*one; layers]),
        several if several.len() == layers => Ok(stated),
        several => {
            let found = format!("a list of {}", several.len());
            let allowed = format!("one number, or a list of {layers}, one for each layer");
            Err(config.refused(name, &found, &allowed))
        }
    }
}
