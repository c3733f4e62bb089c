//! Llama 1 to 3.2 (Touvron et al., 2023; Grattafiori et al., 2024), `model_type` `llama`.
//!
//! Reference: `mlx_lm/models/llama.py`, version 0.32.2. Differences: `rope_parameters` is read, as
//! transformers writes it, and where `tie_word_embeddings` is absent a head in the checkpoint is used.

use headroom_formats::{ConfigFile, FormatError};

use crate::decoder::Decoder;
use crate::error::ModelError;
use crate::settings::{DecoderSettings, FamilyDefaults};
use crate::tensor_source::TensorSource;

const DEFAULTS: FamilyDefaults = FamilyDefaults {
    head_dim: |hidden_size, heads| hidden_size / heads,
    rope_theta: Some(10_000.0),
};

/// What a `llama` configuration means.
pub(crate) fn settings(config: &ConfigFile) -> Result<DecoderSettings, FormatError> {
    refuse_sliding_window(config)?;
    Ok(DecoderSettings {
        attention_bias: config.optional_boolean("attention_bias")?.unwrap_or(false),
        mlp_bias: config.optional_boolean("mlp_bias")?.unwrap_or(false),
        ..DecoderSettings::from_config(config, &DEFAULTS)?
    })
}

/// Builds the model from its tensors.
pub(crate) fn build(
    source: &mut dyn TensorSource,
    settings: &DecoderSettings,
) -> Result<Decoder, ModelError> {
    Decoder::read(source, settings)
}

/// Layers that see a window only would need another cache; computing them in full would be wrong
/// without a word.
fn refuse_sliding_window(config: &ConfigFile) -> Result<(), FormatError> {
    let layers = config.optional_strings("layer_types")?.unwrap_or_default();
    match layers.iter().find(|kind| **kind != "full_attention") {
        Some(kind) => {
            Err(config.refused("layer_types", &format!("`{kind}`"), "full_attention only"))
        }
        None => Ok(()),
    }
}
