//! Qwen3, dense (Yang et al., 2025), `model_type` `qwen3`: Llama's decoder with RMSNorm over each
//! head's queries and keys before RoPE, and a head dim of its own.
//!
//! Reference: `mlx_lm/models/qwen3.py`, version 0.32.2.

use headroom_formats::{ConfigFile, FormatError};

use crate::decoder::Decoder;
use crate::error::ModelError;
use crate::settings::{DecoderSettings, FamilyDefaults};
use crate::tensor_source::TensorSource;

const DEFAULTS: FamilyDefaults = FamilyDefaults {
    head_dim: |_, _| 128,
    rope_theta: None,
};

/// What a `qwen3` configuration means.
pub(crate) fn settings(config: &ConfigFile) -> Result<DecoderSettings, FormatError> {
    refuse_sliding_window(config)?;
    Ok(DecoderSettings {
        query_key_norm: true,
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

fn refuse_sliding_window(config: &ConfigFile) -> Result<(), FormatError> {
    match config.optional_boolean("use_sliding_window")? {
        Some(true) => Err(config.refused("use_sliding_window", "true", "false")),
        _ => Ok(()),
    }
}
