//! What MLX may take and keep, from the budget and a strategy.

use std::sync::{Mutex, PoisonError};

use headroom_memory::{AllocatorLimits, GenerationSettings, MemoryState, Strategy};
use headroom_mlx::{Processor, allocator};

use crate::error::EngineError;
use crate::fit;
use crate::memory::{memory_state, prepare_allocator};

/// The strategy that hosts have set, if one has.
static STRATEGY: Mutex<Option<Strategy>> = Mutex::new(None);

/// Sets MLX's limits from the budget as it is now, and keeps to the strategy from now on.
///
/// # Errors
/// When memory cannot be read or MLX refuses.
pub fn set_adaptive_memory_limits(strategy: Strategy) -> Result<AllocatorLimits, EngineError> {
    let state = memory_state()?;
    let limits = strategy
        .allocator_limits(&state.reading(), &state.mlx.unwrap_or_default())
        .ok_or(EngineError::UnknownBudget)?;
    allocator::set_memory_limit(limits.memory_bytes)?;
    allocator::set_cache_limit(limits.cache_bytes)?;
    if let (Some(bytes), Processor::Gpu) = (limits.wired_bytes, Processor::current()) {
        allocator::set_wired_limit(bytes)?;
    }
    *STRATEGY.lock().unwrap_or_else(PoisonError::into_inner) = Some(strategy);
    Ok(limits)
}

/// What a generation that starts now should be set to, by the pressure there is.
///
/// # Errors
/// When memory cannot be read.
pub fn optimal_generation_settings(strategy: Strategy) -> Result<GenerationSettings, EngineError> {
    prepare_allocator()?;
    Ok(strategy.generation(memory_state()?.pressure, fit::backend()))
}

/// The cache limit that holds while nothing is tight; `None` where too little is known.
pub(crate) fn usual_cache_limit(state: &MemoryState) -> Option<u64> {
    let strategy = *STRATEGY.lock().unwrap_or_else(PoisonError::into_inner);
    // What may be kept for reuse without any strategy is what the mildest one keeps.
    let strategy = strategy.unwrap_or(Strategy::Conservative);
    let limits = strategy.allocator_limits(&state.reading(), &state.mlx.unwrap_or_default())?;
    Some(limits.cache_bytes)
}
