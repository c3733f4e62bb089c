//! Caches that suit the memory there is, chosen again whenever they grow.

use headroom_memory::{
    Action, ActionReport, Decision, KvLayout, KvQuantization, Reason, choose_kv_layout,
};

use crate::error::EngineError;
use crate::fit::{Predictor, backend};
use crate::kv_cache::KvCache;
use crate::memory::{memory_state, read};

/// The share of what is available that an adaptive cache may come to take: the rest is for what
/// computes with it, and for others.
const SHARE_OF_AVAILABLE: u64 = 2;

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
pub(crate) struct Choice {
    pub(crate) layout: KvLayout,
    needed_bytes: u64,
    room_bytes: u64,
}

/// The layout for a cache of `tokens` tokens that takes `held_bytes` now.
pub(crate) fn choice(
    predictor: &Predictor,
    tokens: u32,
    held_bytes: u64,
) -> Result<Choice, EngineError> {
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
