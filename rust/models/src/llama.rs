//! Llama 1 to 3.2 (Touvron et al., 2023; Grattafiori et al., 2024), `model_type` `llama`.
//!
//! Reference: `mlx_lm/models/llama.py`, version 0.32.2. Differences: `rope_parameters` is read, as
//! transformers writes it, and where `tie_word_embeddings` is absent a head in the checkpoint is used.

use headroom_formats::{ConfigFile, ConfigSection, FormatError};

use crate::activation::Activation;
use crate::architecture::Architecture;
use crate::attention::{Attention, HeadNorms};
use crate::decoder::{Block, Decoder, Entry, PreNormBlock};
use crate::error::ModelError;
use crate::head::read_embedding_and_head;
use crate::layer_kinds::windows;
use crate::linear::{Linear, LinearShape};
use crate::mlp::{GatedMlp, MlpShape};
use crate::model::{LanguageModel, ModelShape};
use crate::normalization::RmsNorm;
use crate::projections::Projections;
use crate::rope::Rope;
use crate::settings::{DecoderSettings, FamilyDefaults};
use crate::tensor_source::TensorSource;

/// A configuration of `llama`, and of the families that are it with a difference.
#[derive(Debug)]
pub(crate) struct Llama {
    pub(crate) settings: DecoderSettings,
    pub(crate) attention_bias: bool,
    pub(crate) mlp_bias: bool,
    /// How far back each layer sees.
    pub(crate) windows: Vec<Option<u32>>,
    /// Whether each layer rotates its queries and keys.
    pub(crate) rotates: Vec<bool>,
    /// Whether queries and keys are normalised.
    pub(crate) normalizes_heads: bool,
}

const DEFAULTS: FamilyDefaults = FamilyDefaults {
    head_dim: |hidden_size, heads| hidden_size / heads,
    rope_theta: Some(10_000.0),
    norm_epsilon: None,
};

/// What a `llama` configuration means.
pub(crate) fn read(config: &ConfigFile) -> Result<Box<dyn Architecture>, FormatError> {
    Ok(Box::new(Llama::from_config(config, &DEFAULTS)?))
}

impl Llama {
    pub(crate) fn from_config(
        config: &ConfigSection,
        defaults: &FamilyDefaults,
    ) -> Result<Self, FormatError> {
        let settings = DecoderSettings::from_config(config, defaults)?;
        Ok(Self {
            attention_bias: config.optional_boolean("attention_bias")?.unwrap_or(false),
            mlp_bias: config.optional_boolean("mlp_bias")?.unwrap_or(false),
            windows: windows(config, settings.layers)?,
            rotates: vec![true; settings.layers],
            normalizes_heads: false,
            settings,
        })
    }

    fn block(
        &self,
        source: &mut dyn TensorSource,
        number: usize,
    ) -> Result<Box<dyn Block>, ModelError> {
        let layer = format!("model.layers.{number}");
        let (width, epsilon) = (self.settings.hidden_size, self.settings.norm_epsilon);
        let mut norm = |name| RmsNorm::read(source, &format!("{layer}.{name}"), width, epsilon);
        let mlp = MlpShape {
            hidden_size: width,
            intermediate_size: self.settings.intermediate_size,
            has_bias: self.mlp_bias,
        };
        Ok(Box::new(PreNormBlock {
            attention_norm: norm("input_layernorm")?,
            mlp_norm: norm("post_attention_layernorm")?,
            attention: self.attention(source, &format!("{layer}.self_attn"), number)?,
            mlp: GatedMlp::read(source, &format!("{layer}.mlp"), mlp, Activation::Silu)?,
        }))
    }

    fn attention(
        &self,
        source: &mut dyn TensorSource,
        layer: &str,
        number: usize,
    ) -> Result<Attention, ModelError> {
        let DecoderSettings {
            heads, hidden_size, ..
        } = self.settings;
        let names = ["q_proj", "k_proj", "v_proj"].map(|name| format!("{layer}.{name}"));
        let output = LinearShape {
            inputs: heads.query_width(),
            outputs: hidden_size,
            has_bias: self.attention_bias,
        };
        let rotates = self.rotates.get(number).copied().unwrap_or(true);
        Ok(Attention {
            projections: Projections::separate(
                source,
                names,
                heads,
                (hidden_size, self.attention_bias),
            )?,
            output: Linear::read(source, &format!("{layer}.o_proj"), output)?,
            norms: self.head_norms(source, layer)?,
            rope: rotates.then(|| Rope::new(&self.settings.rope, heads.dim)),
            heads,
            scale: heads.usual_scale(),
        })
    }

    fn head_norms(
        &self,
        source: &mut dyn TensorSource,
        layer: &str,
    ) -> Result<HeadNorms, ModelError> {
        let (width, epsilon) = (self.settings.heads.dim, self.settings.norm_epsilon);
        match self.normalizes_heads {
            true => HeadNorms::of_queries_and_keys(source, layer, width, epsilon),
            false => Ok(HeadNorms::default()),
        }
    }
}

impl Architecture for Llama {
    fn shape(&self) -> ModelShape {
        self.settings.shape(&self.windows)
    }

    fn build(&self, source: &mut dyn TensorSource) -> Result<Box<dyn LanguageModel>, ModelError> {
        let block = |source: &mut dyn TensorSource, number| self.block(source, number);
        decoder(source, &self.settings, self.shape(), &block)
    }
}

/// How a family reads its block of that number.
pub(crate) type ReadBlock<'a> =
    &'a dyn Fn(&mut dyn TensorSource, usize) -> Result<Box<dyn Block>, ModelError>;

/// A decoder of the Llama line around the blocks that `read_block` reads.
pub(crate) fn decoder(
    source: &mut dyn TensorSource,
    settings: &DecoderSettings,
    shape: ModelShape,
    read_block: ReadBlock<'_>,
) -> Result<Box<dyn LanguageModel>, ModelError> {
    let width = settings.hidden_size;
    let names = ["model.embed_tokens", "lm_head"];
    let (embedding, head) = read_embedding_and_head(source, names, &settings.head())?;
    let blocks = (0..settings.layers).map(|number| read_block(source, number));
    Ok(Box::new(Decoder {
        embedding,
        head,
        entry: Entry::Unchanged,
        blocks: blocks.collect::<Result<_, _>>()?,
        norm: RmsNorm::read(source, "model.norm", width, settings.norm_epsilon)?,
        shape,
    }))
}
