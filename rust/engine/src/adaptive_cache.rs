//! Caches that suit the memory there is: chosen when they are made, and again whenever they grow.

use headroom_memory::{
    Action, ActionReport, Decision, KvLayout, KvQuantization, Reason, Strategy, choose_kv_layout,
};

use crate::error::EngineError;
use crate::fit::{Predictor, backend};
use crate::kv_cache::{CacheKind, CacheSettings, KvCache};
use crate::memory::{memory_state, read};
use crate::memory_limits::optimal_generation_settings;
use crate::model::Model;
use crate::parameters::GenerateParameters;
use crate::prompt_cache::PromptCache;

/// The share of what is available that an adaptive cache may come to take: the rest is for what
/// computes with it, and for others.
const SHARE_OF_AVAILABLE: u64 = 2;

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

/// Chooses again for a cache that is about to grow to `tokens` tokens, and says what was changed.
/// Exactness that is gone does not come back.
pub(crate) fn adapt(
    cache: &mut KvCache,
    predictor: &Predictor,
    tokens: u32,
) -> Result<Vec<ActionReport>, EngineError> {
    let planned = tokens.max(cache.tokens().saturating_mul(2));
    let chosen = choice(predictor, planned, cache.bytes())?;
    let mut reports = Vec::new();
    if let Some(fewer) = fewer_bits(cache.quantization(), chosen.layout.quantization) {
        let action = Action::QuantizeKv(fewer);
        reports.push(chosen.reported(action, || cache.quantize(fewer))?);
    }
    let now = cache.max_size().unwrap_or(u32::MAX);
    if let Some(max_size) = chosen.layout.max_size.filter(|&smaller| smaller < now) {
        let action = Action::BoundKv { max_size };
        reports.push(chosen.reported(action, || cache.bound(max_size))?);
    }
    Ok(reports)
}

fn fewer_bits(
    now: Option<KvQuantization>,
    chosen: Option<KvQuantization>,
) -> Option<KvQuantization> {
    let bits_now = now.map_or(u8::MAX, |now| now.bits);
    chosen.filter(|chosen| chosen.bits < bits_now)
}

/// A layout, and why it was chosen.
struct Choice {
    layout: KvLayout,
    needed_bytes: u64,
    room_bytes: u64,
}

fn choice(predictor: &Predictor, tokens: u32, held_bytes: u64) -> Result<Choice, EngineError> {
    let available = read()?.available_bytes.unwrap_or(u64::MAX);
    let room_bytes = available.saturating_add(held_bytes) / SHARE_OF_AVAILABLE;
    let geometry = &predictor.geometry;
    let whole = KvLayout::default();
    Ok(Choice {
        layout: choose_kv_layout(geometry, tokens, backend(), room_bytes),
        needed_bytes: geometry.kv_cache_bytes(tokens, whole, backend()),
        room_bytes,
    })
}

impl Choice {
    fn reported(
        &self,
        action: Action,
        perform: impl FnOnce() -> Result<(), EngineError>,
    ) -> Result<ActionReport, EngineError> {
        let before = memory_state()?;
        perform()?;
        headroom_mlx::allocator::clear_cache()?;
        let freed = before.used_bytes.zip(read()?.used_bytes);
        let decision = Decision {
            action,
            reason: Reason::CacheOutgrows {
                needed_bytes: self.needed_bytes,
                room_bytes: self.room_bytes,
            },
            pressure: before.pressure,
        };
        Ok(decision.done(freed.map(|(before, after)| before.saturating_sub(after))))
    }
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
