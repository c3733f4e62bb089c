//! A governor for caches that wait between generations: an app asks it now and then, or when its
//! system warns of memory.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use headroom_memory::{
    Action, ActionReport, Governor, KvSituation, Observation, Phase, Pressure, Work,
};
use headroom_mlx::allocator;

use crate::error::EngineError;
use crate::fit::Predictor;
use crate::memory::{memory_state, read};
use crate::mlx_thread::MlxThread;
use crate::model_store::ModelStore;
use crate::prompt_cache::{CacheState, PromptCache};
use crate::prompt_store::{PromptCacheId, Seen};

/// Watches over caches between generations: makes them smaller as far as the pressure asks for it.
#[derive(Debug)]
pub struct CacheMemoryMonitor {
    started: Instant,
    governor: Mutex<Governor>,
}

/// What a look at a cache brought.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct CacheReport {
    /// How tight memory is.
    pub pressure: Pressure,
    /// The cache before.
    pub before: CacheState,
    /// The cache after.
    pub after: CacheState,
    /// What was done, in order.
    pub actions: Vec<ActionReport>,
}

impl Default for CacheMemoryMonitor {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            governor: Mutex::default(),
        }
    }
}

impl CacheMemoryMonitor {
    /// A monitor that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at memory and, where it is tight, quantises or bounds `cache`. One that a generation is
    /// at work with is left to that generation's governor.
    ///
    /// # Errors
    /// When memory cannot be read or MLX fails.
    pub fn monitor_and_optimize(&self, cache: &PromptCache) -> Result<CacheReport, EngineError> {
        let before = cache.state()?;
        let mut governor = self.governor.lock().unwrap_or_else(PoisonError::into_inner);
        let look = Look {
            at: self.started,
            cache: cache.id(),
            predictor: cache.model().predictor().clone(),
            governor: governor.clone(),
        };
        let (next, actions) = MlxThread::shared()?.call(move |store| look.act(store))??;
        *governor = next;
        Ok(CacheReport {
            pressure: memory_state()?.pressure,
            before,
            after: cache.state()?,
            actions,
        })
    }
}

/// One look, on MLX's thread.
struct Look {
    at: Instant,
    cache: PromptCacheId,
    predictor: Predictor,
    governor: Governor,
}

impl Look {
    fn act(mut self, store: &mut ModelStore) -> Result<(Governor, Vec<ActionReport>), EngineError> {
        let mut reports = Vec::new();
        let Some(seen) = store.prompt_caches.get_mut(self.cache) else {
            return Ok((self.governor, reports));
        };
        loop {
            let state = memory_state()?;
            let mut observation = Observation::new(self.at.elapsed(), &state, 0, self.work(seen));
            // MLX's own cache belongs to whoever computes.
            observation.cache = None;
            let Some(decision) = self.governor.next_action(&observation) else {
                return Ok((self.governor, reports));
            };
            match decision.action {
                Action::QuantizeKv(quantization) => seen.kv.quantize(quantization)?,
                Action::BoundKv { max_size } => seen.kv.bound(max_size)?,
                // Nothing is left that this cache could give; the next look begins anew.
                _ => return Ok((Governor::default(), reports)),
            }
            allocator::clear_cache()?;
            let freed = state.used_bytes.zip(read()?.used_bytes);
            let freed = freed.map(|(before, after)| before.saturating_sub(after));
            reports.push(decision.done(freed));
        }
    }

    fn work(&self, seen: &Seen) -> Work {
        let bytes = seen.kv.bytes();
        let layers = self.predictor.geometry.layers.len().max(1) as u64;
        Work {
            phase: Phase::Decode,
            next_step_bytes: 0,
            kv: KvSituation {
                bytes,
                tokens: seen.kv.tokens(),
                quantization: seen.kv.quantization(),
                quantizable_group_size: self.predictor.geometry.kv_group_size(),
                max_size: seen.kv.max_size(),
                can_be_bounded: true,
                // Full, ordered and packed once each, while one layer is rewritten.
                rewrite_bytes: bytes / layers * 2,
            },
            idle_prompt_cache_bytes: 0,
            idle_model_bytes: 0,
        }
    }
}
