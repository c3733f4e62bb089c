//! OpenELM (Mehta et al., 2024), `model_type` `openelm`: heads and MLP widths that grow from layer to
//! layer, queries and keys normalised, one matrix for all three projections and one for gate and up.
//!
//! Reference: `mlx_lm/models/openelm.py`, version 0.32.2.

use headroom_formats::{ConfigFile, ConfigSection, FormatError};

use crate::architecture::Architecture;
use crate::attention::{Attention, HeadNorms};
use crate::decoder::{Block, Decoder, Entry, PreNormBlock};
use crate::error::ModelError;
use crate::head::{HeadSettings, read_embedding_and_head};
use crate::heads::{HEAD_DIM, HEADS, Heads};
use crate::linear::{Linear, LinearShape};
use crate::mlp::GatedMlp;
use crate::model::{LanguageModel, ModelShape};
use crate::normalization::RmsNorm;
use crate::projections::Projections;
use crate::rope::{Rope, RopeConfig, RopeStretch, optional_theta};
use crate::settings::{EPSILON, LAYERS, POSITIONS, VOCABULARY, WIDTH};
use crate::tensor_source::TensorSource;

#[derive(Debug)]
struct OpenElm {
    hidden_size: usize,
    vocabulary_size: usize,
    norm_epsilon: f32,
    context_length: Option<u32>,
    rope: RopeConfig,
    normalizes_heads: bool,
    shares_head: bool,
    layers: Vec<Layer>,
}

/// What differs from layer to layer.
#[derive(Debug, Clone, Copy)]
struct Layer {
    heads: Heads,
    intermediate_size: usize,
}

/// What an `openelm` configuration means.
pub(crate) fn read(config: &ConfigFile) -> Result<Box<dyn Architecture>, FormatError> {
    if config.optional_boolean("ffn_with_glu")? == Some(false) {
        return Err(config.refused_value("ffn_with_glu", "true, as all published models have it"));
    }
    let yes = |name| Ok(config.optional_boolean(name)?.unwrap_or(true));
    let hidden_size = config.integer("model_dim", WIDTH)? as usize;
    let epsilon = config.optional_float("rms_norm_eps", EPSILON)?;
    let context = config.optional_integer("max_context_length", POSITIONS)?;
    let theta = optional_theta(config, "rope_freq_constant")?;
    Ok(Box::new(OpenElm {
        hidden_size,
        vocabulary_size: config.integer("vocab_size", VOCABULARY)? as usize,
        norm_epsilon: epsilon.unwrap_or(1e-6) as f32,
        context_length: context.map(|length| length as u32),
        rope: RopeConfig::plain(theta.unwrap_or(10_000.0)),
        normalizes_heads: yes("normalize_qk_projections")?,
        shares_head: yes("share_input_output_layers")?,
        layers: layers(config, hidden_size)?,
    }))
}

fn layers(config: &ConfigSection, hidden_size: usize) -> Result<Vec<Layer>, FormatError> {
    let count = config.integer("num_transformer_layers", LAYERS)? as usize;
    let head_dim = config.integer("head_dim", HEAD_DIM)? as usize;
    let queries = listed(config, "num_query_heads", count)?;
    let keys = listed(config, "num_kv_heads", count)?;
    let widths = intermediate_sizes(config, count, hidden_size)?;
    let layers = queries.into_iter().zip(keys).zip(widths);
    let layers = layers.map(|((query, key_value), intermediate_size)| {
        let heads = Heads {
            query: query as usize,
            key_value: key_value as usize,
            dim: head_dim,
        };
        Ok(Layer {
            heads: heads.checked(config, ("num_kv_heads", "head_dim"))?,
            intermediate_size,
        })
    });
    layers.collect()
}

fn listed(config: &ConfigSection, name: &str, layers: usize) -> Result<Vec<u64>, FormatError> {
    let heads = config.optional_integers(name, HEADS)?.unwrap_or_default();
    match heads.len() == layers {
        true => Ok(heads),
        false => Err(config.refused_value(name, &one_each(layers))),
    }
}

fn one_each(layers: usize) -> String {
    format!("a list of {layers}, one for each layer")
}

/// `ffn_multipliers` of the hidden size, each rounded to a multiple of `ffn_dim_divisor`.
fn intermediate_sizes(
    config: &ConfigSection,
    layers: usize,
    hidden_size: usize,
) -> Result<Vec<usize>, FormatError> {
    let multipliers = config.optional_floats("ffn_multipliers", 1e-3..=64.0)?;
    let multipliers = multipliers.unwrap_or_default();
    if multipliers.len() != layers {
        return Err(config.refused_value("ffn_multipliers", &one_each(layers)));
    }
    let divisor = config.integer("ffn_dim_divisor", WIDTH)?;
    let widths = multipliers.into_iter();
    let widths = widths.map(|multiplier| rounded(multiplier * hidden_size as f64, divisor));
    Ok(widths.collect())
}

/// To the nearest multiple of `divisor` that is at least one of it, and not a tenth too small.
fn rounded(width: f64, divisor: u64) -> usize {
    let nearest = (width + divisor as f64 / 2.0) as u64 / divisor * divisor;
    let nearest = nearest.max(divisor);
    match (nearest as f64) < 0.9 * width {
        true => (nearest + divisor) as usize,
        false => nearest as usize,
    }
}

impl OpenElm {
    fn block(
        &self,
        source: &mut dyn TensorSource,
        number: usize,
        layer: Layer,
    ) -> Result<Box<dyn Block>, ModelError> {
        let name = format!("transformer.layers.{number}");
        let mut norm = |norm| {
            let layer = format!("{name}.{norm}");
            RmsNorm::read(source, &layer, self.hidden_size, self.norm_epsilon)
        };
        let mlp = ["proj_1", "proj_2"].map(|matrix| format!("{name}.ffn.{matrix}"));
        let mlp_widths = (self.hidden_size, layer.intermediate_size);
        Ok(Box::new(PreNormBlock {
            attention_norm: norm("attn_norm")?,
            mlp_norm: norm("ffn_norm")?,
            attention: self.attention(source, &format!("{name}.attn"), layer.heads)?,
            mlp: GatedMlp::fused(source, mlp, mlp_widths)?,
        }))
    }

    fn attention(
        &self,
        source: &mut dyn TensorSource,
        layer: &str,
        heads: Heads,
    ) -> Result<Attention, ModelError> {
        let output = LinearShape::without_bias(heads.query_width(), self.hidden_size);
        let fused = format!("{layer}.qkv_proj");
        let norms = match self.normalizes_heads {
            true => HeadNorms::of_queries_and_keys(source, layer, heads.dim, self.norm_epsilon)?,
            false => HeadNorms::default(),
        };
        Ok(Attention {
            projections: Projections::fused(source, &fused, heads, self.hidden_size)?,
            norms,
            rope: Some(Rope::new(&self.rope, heads.dim)),
            output: Linear::read(source, &format!("{layer}.out_proj"), output)?,
            heads,
            scale: heads.usual_scale(),
        })
    }

    fn head(&self) -> HeadSettings {
        HeadSettings {
            vocabulary_size: self.vocabulary_size,
            hidden_size: self.hidden_size,
            tied: Some(self.shares_head),
            soft_cap: None,
        }
    }
}

impl Architecture for OpenElm {
    fn shape(&self) -> ModelShape {
        let layers = self.layers.iter();
        let widest = layers.clone().map(|layer| layer.intermediate_size).max();
        let heads = layers.clone().map(|layer| layer.heads.query).max();
        ModelShape {
            hidden_size: self.hidden_size as u32,
            residual_streams: 1,
            mlp_is_gated: true,
            intermediate_size: widest.unwrap_or(0) as u32,
            heads: heads.unwrap_or(0) as u32,
            vocabulary_size: self.vocabulary_size as u32,
            context_length: self.context_length,
            rope_stretch: RopeStretch::Same,
            layers: layers.map(|layer| layer.heads.layer_shape(None)).collect(),
        }
    }

    fn build(&self, source: &mut dyn TensorSource) -> Result<Box<dyn LanguageModel>, ModelError> {
        let names = ["transformer.token_embeddings", "lm_head"];
        let (embedding, head) = read_embedding_and_head(source, names, &self.head())?;
        let layers = self.layers.iter().enumerate();
        let blocks = layers.map(|(number, &layer)| self.block(source, number, layer));
        Ok(Box::new(Decoder {
            embedding,
            head,
            entry: Entry::Unchanged,
            blocks: blocks.collect::<Result<_, _>>()?,
            norm: RmsNorm::read(
                source,
                "transformer.norm",
                self.hidden_size,
                self.norm_epsilon,
            )?,
            shape: self.shape(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn widths_are_those_of_the_published_models() {
        // OpenELM 270M: hidden 1,280, multipliers from 0.5 to 4, divisor 256.
        assert_eq!(rounded(0.5 * 1280.0, 256), 768);
        assert_eq!(rounded(0.73 * 1280.0, 256), 1024);
        assert_eq!(rounded(4.0 * 1280.0, 256), 5120);
    }

    #[test]
    fn a_width_is_never_a_tenth_too_small() {
        assert_eq!(rounded(10.0, 8), 16);
        assert_eq!(rounded(1.0, 8), 8);
    }
}
