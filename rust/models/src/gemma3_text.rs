//! Gemma 3, text (Gemma Team, 2025), `model_type` `gemma3_text`: five layers that see a window for one
//! that sees everything, each kind with a RoPE of its own; queries and keys normalised; norms before and
//! after attention and MLP; GeGLU.
//!
//! Reference: `mlx_lm/models/gemma3_text.py`, version 0.32.2. Beside it, `layer_types`,
//! `rope_parameters` and `final_logit_softcapping` are read, as transformers 5 writes them.

use headroom_formats::{ConfigFile, ConfigSection, FormatError};
use headroom_mlx::ops::clip;
use headroom_mlx::{Array, Dtype, Result};

use crate::activation::Activation;
use crate::architecture::{Architecture, is_known_leftover};
use crate::attention::{Attention, HeadNorms};
use crate::cache::KeyValueCache;
use crate::decoder::{Block, Decoder, Entry};
use crate::error::ModelError;
use crate::gemma3_config::Gemma3Config;
use crate::head::read_embedding_and_head;
use crate::linear::{Linear, LinearShape};
use crate::mlp::{GatedMlp, MlpShape};
use crate::model::{LanguageModel, ModelShape};
use crate::normalization::RmsNorm;
use crate::projections::Projections;
use crate::rope::Rope;
use crate::tensor_source::TensorSource;
use crate::text_part::TextPart;

/// What a `gemma3_text` configuration means.
pub(crate) fn read(config: &ConfigFile) -> std::result::Result<Box<dyn Architecture>, FormatError> {
    Ok(Box::new(Gemma3::from_config(config)?))
}

/// Gemma 3's text model, alone or beside a vision tower.
#[derive(Debug)]
pub(crate) struct Gemma3 {
    config: Gemma3Config,
}

impl Gemma3 {
    /// Reads the text model's own configuration.
    pub(crate) fn from_config(config: &ConfigSection) -> std::result::Result<Self, FormatError> {
        let config = Gemma3Config::from_section(config)?;
        Ok(Self { config })
    }

    fn block(
        &self,
        source: &mut dyn TensorSource,
        layer: &str,
        number: usize,
    ) -> std::result::Result<Box<dyn Block>, ModelError> {
        let (width, epsilon) = (self.config.hidden_size, self.config.norm_epsilon);
        let mut norm =
            |name| RmsNorm::read_from_one(source, &format!("{layer}.{name}"), width, epsilon);
        let mlp = MlpShape {
            hidden_size: width,
            intermediate_size: self.config.intermediate_size,
            has_bias: false,
        };
        Ok(Box::new(SandwichBlock {
            before_attention: norm("input_layernorm")?,
            after_attention: norm("post_attention_layernorm")?,
            before_mlp: norm("pre_feedforward_layernorm")?,
            after_mlp: norm("post_feedforward_layernorm")?,
            attention: self.attention(source, &format!("{layer}.self_attn"), number)?,
            mlp: GatedMlp::read(source, &format!("{layer}.mlp"), mlp, Activation::Gelu)?,
        }))
    }

    fn attention(
        &self,
        source: &mut dyn TensorSource,
        layer: &str,
        number: usize,
    ) -> std::result::Result<Attention, ModelError> {
        let (heads, width) = (self.config.heads, self.config.hidden_size);
        let names = ["q_proj", "k_proj", "v_proj"].map(|name| format!("{layer}.{name}"));
        let output = LinearShape::without_bias(heads.query_width(), width);
        let mut norm = |name| {
            let name = format!("{layer}.{name}");
            RmsNorm::read_from_one(source, &name, heads.dim, self.config.norm_epsilon)
        };
        Ok(Attention {
            norms: HeadNorms {
                query: Some(norm("q_norm")?),
                key: Some(norm("k_norm")?),
                value: None,
            },
            projections: Projections::separate(source, names, heads, (width, false))?,
            rope: Some(Rope::new(self.config.rope(number), heads.dim)),
            output: Linear::read(source, &format!("{layer}.o_proj"), output)?,
            heads,
            scale: self.config.score_scale,
        })
    }
}

/// Embeddings are multiplied by the root of their width, in bfloat16 as they were in training.
fn embedding_scale(hidden_size: usize) -> f32 {
    let bits = (hidden_size as f32).sqrt().to_bits();
    let to_nearest_even = 0x7fff + (bits >> 16 & 1);
    f32::from_bits((bits + to_nearest_even) & 0xffff_0000)
}

impl Architecture for Gemma3 {
    fn shape(&self) -> ModelShape {
        self.config.shape()
    }

    fn build(
        &self,
        source: &mut dyn TensorSource,
    ) -> std::result::Result<Box<dyn LanguageModel>, ModelError> {
        let config = &self.config;
        let part = TextPart::of(source);
        let width = config.hidden_size;
        let table = part.tensor("embed_tokens");
        let (embedding, head) =
            read_embedding_and_head(source, [&table, part.head], &config.head())?;
        let blocks = (0..config.layers())
            .map(|number| self.block(source, &part.tensor(&format!("layers.{number}")), number));
        let blocks = blocks.collect::<std::result::Result<_, _>>()?;
        let norm = part.tensor("norm");
        Ok(Box::new(Decoder {
            embedding,
            head,
            entry: Entry::Scaled(embedding_scale(width)),
            blocks,
            norm: RmsNorm::read_from_one(source, &norm, width, config.norm_epsilon)?,
            shape: self.shape(),
        }))
    }

    fn may_be_left_over(&self, tensor: &str) -> bool {
        is_known_leftover(tensor) || tensor.starts_with("language_model.lm_head.")
    }
}

/// A block with norms on both sides of attention and MLP.
#[derive(Debug)]
struct SandwichBlock {
    before_attention: RmsNorm,
    attention: Attention,
    after_attention: RmsNorm,
    before_mlp: RmsNorm,
    mlp: GatedMlp,
    after_mlp: RmsNorm,
}

impl Block for SandwichBlock {
    fn forward(&self, x: &Array, caches: &mut [&mut KeyValueCache]) -> Result<Array> {
        let normed = self.before_attention.forward(x)?;
        let attended = self.attention.forward(&normed, caches)?;
        let x = add_within_range(x, &self.after_attention.forward(&attended)?)?;
        let normed = self.before_mlp.forward(&x)?;
        let changed = self.mlp.forward(&normed)?;
        add_within_range(&x, &self.after_mlp.forward(&changed)?)
    }
}

/// Gemma's residual stream outgrows float16, which other types hold.
fn add_within_range(x: &Array, change: &Array) -> Result<Array> {
    const LARGEST: f32 = 65_504.0;
    if x.dtype() != Dtype::Float16 {
        return x.add(change);
    }
    let [x, change] = [x, change].map(|array| array.as_dtype(Dtype::Float32));
    let bounds = (Array::from_f32(-LARGEST), Array::from_f32(LARGEST));
    clip(x?.add(change?)?, (&bounds.0, &bounds.1))?.as_dtype(Dtype::Float16)
}

#[cfg(test)]
mod tests {
    use super::embedding_scale;

    #[test]
    fn the_scale_has_the_eight_bits_of_bfloat16() {
        assert_eq!(embedding_scale(1152), 34.0);
        assert_eq!(embedding_scale(2560), 50.5);
        assert_eq!(embedding_scale(64), 8.0);
    }
}
