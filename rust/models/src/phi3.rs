//! Phi-3 and Phi-3.5 (Abdin et al., 2024), `model_type` `phi3`: Llama's decoder with queries, keys and
//! values from one matrix, gate and up from another, and LongRoPE.
//!
//! Reference: `mlx_lm/models/phi3.py`, version 0.32.2. Differences, both as transformers has them:
//! short sequences take the short factors, and `sliding_window` holds where it is shorter than the
//! context.

use headroom_formats::{ConfigFile, FormatError};

use crate::architecture::Architecture;
use crate::attention::{Attention, HeadNorms};
use crate::decoder::{Block, PreNormBlock};
use crate::error::ModelError;
use crate::linear::{Linear, LinearShape};
use crate::llama::decoder;
use crate::mlp::GatedMlp;
use crate::model::{LanguageModel, ModelShape};
use crate::normalization::RmsNorm;
use crate::projections::Projections;
use crate::rope::Rope;
use crate::settings::{DecoderSettings, FamilyDefaults, POSITIONS};
use crate::tensor_source::TensorSource;

#[derive(Debug)]
struct Phi3 {
    settings: DecoderSettings,
    window: Option<u32>,
}

const DEFAULTS: FamilyDefaults = FamilyDefaults {
    head_dim: |hidden_size, heads| hidden_size / heads,
    rope_theta: Some(10_000.0),
    norm_epsilon: None,
};

/// What a `phi3` configuration means.
pub(crate) fn read(config: &ConfigFile) -> Result<Box<dyn Architecture>, FormatError> {
    let settings = DecoderSettings::from_config(config, &DEFAULTS)?;
    let window = config.optional_integer("sliding_window", POSITIONS)?;
    let context = settings.context_length.unwrap_or(u32::MAX);
    Ok(Box::new(Phi3 {
        window: window
            .map(|window| window as u32)
            .filter(|window| *window < context),
        settings: DecoderSettings {
            tied_head: Some(settings.tied_head.unwrap_or(false)),
            ..settings
        },
    }))
}

impl Phi3 {
    fn block(
        &self,
        source: &mut dyn TensorSource,
        number: usize,
    ) -> Result<Box<dyn Block>, ModelError> {
        let layer = format!("model.layers.{number}");
        let (width, epsilon) = (self.settings.hidden_size, self.settings.norm_epsilon);
        let mut norm = |name| RmsNorm::read(source, &format!("{layer}.{name}"), width, epsilon);
        let mlp = ["gate_up_proj", "down_proj"].map(|name| format!("{layer}.mlp.{name}"));
        Ok(Box::new(PreNormBlock {
            attention_norm: norm("input_layernorm")?,
            mlp_norm: norm("post_attention_layernorm")?,
            attention: self.attention(source, &format!("{layer}.self_attn"))?,
            mlp: GatedMlp::fused(source, mlp, (width, self.settings.intermediate_size))?,
        }))
    }

    fn attention(
        &self,
        source: &mut dyn TensorSource,
        layer: &str,
    ) -> Result<Attention, ModelError> {
        let DecoderSettings {
            heads, hidden_size, ..
        } = self.settings;
        let output = LinearShape::without_bias(heads.query_width(), hidden_size);
        let fused = format!("{layer}.qkv_proj");
        Ok(Attention {
            projections: Projections::fused(source, &fused, heads, hidden_size)?,
            output: Linear::read(source, &format!("{layer}.o_proj"), output)?,
            norms: HeadNorms::default(),
            rope: Some(Rope::new(&self.settings.rope, heads.dim)),
            heads,
            scale: heads.usual_scale(),
        })
    }
}

impl Architecture for Phi3 {
    fn shape(&self) -> ModelShape {
        self.settings
            .shape(&vec![self.window; self.settings.layers])
    }

    fn build(&self, source: &mut dyn TensorSource) -> Result<Box<dyn LanguageModel>, ModelError> {
        let block = |source: &mut dyn TensorSource, number| self.block(source, number);
        decoder(source, &self.settings, self.shape(), &block)
    }
}
