//! SmolLM3 (Bakouch et al., 2025), `model_type` `smollm3`: Llama's decoder, in which every fourth layer
//! knows no positions (NoPE; Yang et al., 2025).
//!
//! Reference: `mlx_lm/models/smollm3.py`, version 0.32.2.

use headroom_formats::{ConfigFile, FormatError};

use crate::architecture::Architecture;
use crate::llama::Llama;
use crate::settings::{FamilyDefaults, LAYERS};

const DEFAULTS: FamilyDefaults = FamilyDefaults {
    head_dim: |hidden_size, heads| hidden_size / heads,
    rope_theta: Some(10_000.0),
    norm_epsilon: None,
};

/// What a `smollm3` configuration means.
pub(crate) fn read(config: &ConfigFile) -> Result<Box<dyn Architecture>, FormatError> {
    let llama = Llama::from_config(config, &DEFAULTS)?;
    let rotates = rotating_layers(config, llama.settings.layers)?;
    Ok(Box::new(Llama { rotates, ..llama }))
}

/// `no_rope_layers` lists 1 for each layer that rotates and 0 for one that does not; without it every
/// `no_rope_layer_interval`-th does not.
fn rotating_layers(config: &ConfigFile, layers: usize) -> Result<Vec<bool>, FormatError> {
    let Some(listed) = config.optional_integers("no_rope_layers", 0..=1)? else {
        let interval = config.optional_integer("no_rope_layer_interval", LAYERS)?;
        let interval = interval.unwrap_or(4) as usize;
        return Ok((1..=layers).map(|layer| layer % interval != 0).collect());
    };
    if listed.len() != layers {
        let found = format!("a list of {}", listed.len());
        let allowed = format!("a list of {layers}, one for each layer");
        return Err(config.refused("no_rope_layers", &found, &allowed));
    }
    Ok(listed.into_iter().map(|rotates| rotates == 1).collect())
}
