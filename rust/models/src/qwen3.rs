//! Qwen3, dense (Yang et al., 2025), `model_type` `qwen3`: Llama's decoder with RMSNorm over each
//! head's queries and keys before RoPE, and a head dim of its own.
//!
//! Reference: `mlx_lm/models/qwen3.py`, version 0.32.2.

use headroom_formats::{ConfigFile, FormatError};

use crate::architecture::Architecture;
use crate::llama::Llama;
use crate::settings::FamilyDefaults;

const DEFAULTS: FamilyDefaults = FamilyDefaults {
    head_dim: |_, _| 128,
    rope_theta: None,
    norm_epsilon: None,
};

/// What a `qwen3` configuration means.
pub(crate) fn read(config: &ConfigFile) -> Result<Box<dyn Architecture>, FormatError> {
    refuse_sliding_window(config)?;
    Ok(Box::new(Llama {
        normalizes_heads: true,
        ..Llama::from_config(config, &DEFAULTS)?
    }))
}

fn refuse_sliding_window(config: &ConfigFile) -> Result<(), FormatError> {
    match config.optional_boolean("use_sliding_window")? {
        Some(true) => Err(config.refused("use_sliding_window", "true", "false")),
        _ => Ok(()),
    }
}
