//! Caches for hosts that want one to suit the memory there is.

use headroom_memory::{KvLayout, KvQuantization, Strategy};

use crate::adaptive_cache::choice;
use crate::error::EngineError;
use crate::fit::Predictor;
use crate::kv_cache::{CacheKind, CacheSettings};
use crate::memory_limits::optimal_generation_settings;
use crate::model::Model;
use crate::parameters::GenerateParameters;
use crate::prompt_cache::PromptCache;

/// Tokens that a new adaptive cache is chosen for at least.
const FEWEST_PLANNED_TOKENS: u32 = 1024;

/// A cache as `parameters` ask for it; where they leave that open, as the balanced strategy keeps keys
/// and values under the pressure there is now.
///
/// # Errors
/// When the settings do not suit the model, or memory cannot be read.
pub fn create_optimized_cache(
    model: &Model,
    parameters: &GenerateParameters,
) -> Result<PromptCache, EngineError> {
    let asked = CacheSettings::from(parameters);
    let is_open = asked.kind == CacheKind::Simple && asked.quantization.is_none();
    let settings = match is_open {
        true => by_pressure(model)?,
        false => asked,
    };
    PromptCache::new(model, settings)
}

fn by_pressure(model: &Model) -> Result<CacheSettings, EngineError> {
    let optimal = optimal_generation_settings(Strategy::Balanced)?;
    let layout = KvLayout {
        max_size: optimal.max_kv_size,
        quantization: optimal
            .kv_quantization
            .and_then(|wanted| in_groups_of(model.predictor(), wanted)),
    };
    Ok(layout.into())
}

/// The same width in groups that the model's heads can be cut into, if there are any.
fn in_groups_of(predictor: &Predictor, wanted: KvQuantization) -> Option<KvQuantization> {
    match wanted.bits {
        16 => Some(wanted),
        bits => predictor
            .geometry
            .kv_group_size()
            .map(|group_size| KvQuantization { bits, group_size }),
    }
}

/// A cache that keeps keys and values as exactly as there is room for, in fewer bits and at last
/// bounded as it grows. `parameters.max_tokens` tells how far it is planned ahead.
///
/// # Errors
/// When memory cannot be read.
pub fn create_adaptive_cache(
    model: &Model,
    parameters: &GenerateParameters,
) -> Result<PromptCache, EngineError> {
    let planned = parameters.max_tokens.max(FEWEST_PLANNED_TOKENS);
    let layout = choice(model.predictor(), planned, 0)?.layout;
    let settings = CacheSettings {
        adapts: true,
        ..layout.into()
    };
    PromptCache::new(model, settings)
}

impl From<KvLayout> for CacheSettings {
    fn from(layout: KvLayout) -> Self {
        Self {
            kind: match layout.max_size {
                Some(max_size) => CacheKind::Rotating { max_size },
                None => CacheKind::Simple,
            },
            quantization: layout.quantization,
            ..Self::default()
        }
    }
}
