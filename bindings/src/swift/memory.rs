//! Memory as Swift sees and bounds it.

use headroom_engine::{
    clear_allocator_cache, drop_idle_prompt_caches, memory_state, optimal_generation_settings,
    set_adaptive_memory_limits, set_max_memory, set_memory_signal,
};
use headroom_memory::MaxMemory;

use super::bridge::ffi::{
    BridgedLimits, BridgedMemoryState, BridgedPressure, BridgedSettings, BridgedStrategy,
};
use super::error::{BridgedError, bridged};
use crate::guard::guarded_or;

pub(crate) fn bridged_memory_state() -> Result<BridgedMemoryState, BridgedError> {
    bridged(|| Ok(memory_state()?.into()))
}

pub(crate) fn bridged_clear_cache() -> Result<(), BridgedError> {
    bridged(|| {
        drop_idle_prompt_caches()?;
        Ok(clear_allocator_cache()?)
    })
}

pub(crate) fn bridged_set_adaptive_limits(
    strategy: BridgedStrategy,
) -> Result<BridgedLimits, BridgedError> {
    bridged(|| Ok(set_adaptive_memory_limits(strategy.into())?.into()))
}

pub(crate) fn bridged_optimal_settings(
    strategy: BridgedStrategy,
) -> Result<BridgedSettings, BridgedError> {
    bridged(|| Ok(optimal_generation_settings(strategy.into())?.into()))
}

pub(crate) fn bridged_set_max_memory(bytes: Option<u64>) -> Result<(), BridgedError> {
    bridged(|| {
        let limit = bytes.map(MaxMemory::from_bytes).transpose()?;
        Ok(set_max_memory(limit)?)
    })
}

pub(crate) fn bridged_set_memory_signal(level: BridgedPressure) {
    guarded_or((), || set_memory_signal(Some(level.into())));
}

pub(crate) fn bridged_clear_memory_signal() {
    guarded_or((), || set_memory_signal(None));
}
