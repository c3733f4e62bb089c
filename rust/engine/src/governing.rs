//! The governor at work on one generation: looks at memory between two steps, and does what the
//! governor decides.

use std::time::{Duration, Instant};

use headroom_memory::{
    Action, ActionReport, Backend, Decision, Governor, GovernorSettings, KV_GROWTH_STEP, KvLayout,
    KvSituation, MemoryState, Observation, Phase, StepShape, Work,
};
use headroom_mlx::{allocator, keep_heap_trimmed};

use crate::decoding::SharedGenerator;
use crate::error::EngineError;
use crate::fit::{BESIDE_ARRAYS_BYTES, Predictor, backend, blas_addresses, clamped};
use crate::memory::{memory_state, read};
use crate::memory_limits::usual_cache_limit;
use crate::model_id::ModelId;
use crate::model_store::ModelStore;
use crate::token_generator::TokenGenerator;

/// The longest that decoding goes on without a look at memory. Between two looks a generation takes
/// nothing new: caches grow in steps, and each of those is looked at before.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a step may take of the process for each byte of predicted workspace. Beyond MLX's own peak, the
/// first chunk of a 302 M-parameter model took 2.4 times its workspace on a CPU; holes in the heap are
/// the likely cause. Metal has no such heap, which leaves the prediction's error; not measured there.
const fn with_margin(workspace_bytes: u64, backend: Backend) -> u64 {
    match backend {
        Backend::Cpu => workspace_bytes.saturating_mul(7) / 2,
        Backend::Gpu => workspace_bytes.saturating_mul(5) / 4,
    }
}

/// Watches over one generation.
pub(crate) struct Governing {
    governor: Governor,
    predictor: Predictor,
    model: ModelId,
    started: Instant,
    last_look: Option<Instant>,
    usual_prefill_step: u32,
    /// What the caches of generations that decode in the same step are about to grow by.
    companions_growth_bytes: u64,
}

/// What came of a look at memory.
#[derive(Default)]
pub(crate) struct Look {
    /// What was done, in order.
    pub(crate) reports: Vec<ActionReport>,
    /// Whether nothing is left but to stop.
    pub(crate) must_stop: bool,
}

impl Governing {
    pub(crate) fn new(predictor: Predictor, model: ModelId, usual_prefill_step: u32) -> Self {
        Self {
            governor: Governor::new(GovernorSettings {
                least_reserve_bytes: BESIDE_ARRAYS_BYTES,
                ..GovernorSettings::default()
            }),
            predictor,
            model,
            started: Instant::now(),
            last_look: None,
            usual_prefill_step,
            companions_growth_bytes: 0,
        }
    }

    /// Takes note of the generations whose next token is computed in the same step.
    pub(crate) fn notice(&mut self, companions: &[SharedGenerator]) {
        let growths = companions.iter().map(|one| {
            let one = one.borrow();
            match one.is_about_to_grow() {
                true => self.growth_bytes(&one),
                false => 0,
            }
        });
        self.companions_growth_bytes = growths.fold(0, u64::saturating_add);
    }

    /// Whether the next step is one to look before: it takes much, or the last look is long ago.
    pub(crate) fn is_due(&self, generator: &TokenGenerator) -> bool {
        let is_old = |look: Instant| look.elapsed() >= LOOK_EVERY;
        generator.remaining_prompt_tokens() > 0
            || self.last_look.is_none_or(is_old)
            || self.companions_growth_bytes > 0
            || (generator.cache.tokens() + 1).is_multiple_of(KV_GROWTH_STEP)
            || generator.is_about_to_grow()
    }

    /// Acts until the governor is content.
    pub(crate) fn look(
        &mut self,
        generator: &mut TokenGenerator,
        store: &mut ModelStore,
    ) -> Result<Look, EngineError> {
        self.last_look = Some(Instant::now());
        let mut look = Look::default();
        loop {
            let before = memory_state()?;
            let observation = self.observation(&before, generator, store);
            let Some(decision) = self.governor.next_action(&observation) else {
                return Ok(look);
            };
            self.perform(decision.action, generator, store)?;
            look.reports.push(done(decision, &before)?);
            if decision.action == Action::Stop {
                look.must_stop = true;
                return Ok(look);
            }
        }
    }

    fn observation(
        &self,
        state: &MemoryState,
        generator: &TokenGenerator,
        store: &ModelStore,
    ) -> Observation {
        let figures = state.mlx.unwrap_or_default();
        let usual = usual_cache_limit(state).unwrap_or(figures.cache_limit_bytes);
        let mut work = self.work(generator, store);
        // While the step runs, what it frees is kept up to the cache's limit.
        let room_in_cache = figures.cache_limit_bytes.min(work.next_step_bytes);
        work.next_step_bytes = work
            .next_step_bytes
            .saturating_add(room_in_cache)
            .saturating_sub(figures.cache_bytes);
        let mut observation = Observation::new(self.started.elapsed(), state, usual, work);
        observation.available_bytes = observation
            .available_bytes
            .map(|bytes| bytes.saturating_sub(blas_addresses(state)));
        observation
    }

    fn work(&self, generator: &TokenGenerator, store: &ModelStore) -> Work {
        Work {
            phase: self.phase(generator),
            next_step_bytes: self.next_step_bytes(generator),
            kv: self.kv_situation(generator),
            idle_prompt_cache_bytes: store.prompt_caches.idle_bytes(),
            idle_model_bytes: store.idle_bytes(self.model),
        }
    }

    fn phase(&self, generator: &TokenGenerator) -> Phase {
        match generator.remaining_prompt_tokens() {
            0 => Phase::Decode,
            remaining => Phase::Prefill {
                step: clamped(generator.prefill_step),
                usual_step: self.usual_prefill_step,
                remaining_tokens: clamped(remaining),
            },
        }
    }

    /// What the step computes with, and what the caches grow by.
    fn next_step_bytes(&self, generator: &TokenGenerator) -> u64 {
        let workspace = self.predictor.workspace_bytes(&next_step(generator));
        with_margin(workspace, backend())
            .saturating_add(self.growth_bytes(generator))
            .saturating_add(self.companions_growth_bytes)
    }

    /// What a cache grows by. A layer that grows is there twice until it is copied.
    fn growth_bytes(&self, generator: &TokenGenerator) -> u64 {
        let step = next_step(generator);
        let grown = self.predictor.kv_cache_bytes(step.seen_tokens, &step);
        match grown.saturating_sub(generator.cache_bytes()) {
            0 => 0,
            growth => growth.saturating_add(self.layer_bytes(grown)),
        }
    }

    fn kv_situation(&self, generator: &TokenGenerator) -> KvSituation {
        let step = next_step(generator);
        let bytes = generator.cache_bytes();
        KvSituation {
            // Fewer bits save what is to come as well: a cache that is empty yet may be too large.
            bytes: bytes.max(self.predictor.kv_cache_bytes(step.seen_tokens, &step)),
            tokens: generator.cache.tokens(),
            quantization: generator.cache.quantization(),
            quantizable_group_size: self.predictor.geometry.kv_group_size(),
            max_size: generator.cache.max_size(),
            can_be_bounded: true,
            // Full, ordered and packed once each, while one layer is rewritten.
            rewrite_bytes: self.layer_bytes(bytes).saturating_mul(2),
        }
    }

    fn layer_bytes(&self, bytes: u64) -> u64 {
        bytes / (self.predictor.geometry.layers.len().max(1) as u64)
    }

    fn perform(
        &self,
        action: Action,
        generator: &mut TokenGenerator,
        store: &mut ModelStore,
    ) -> Result<(), EngineError> {
        match action {
            Action::ShrinkCache { limit_bytes } | Action::RestoreCache { limit_bytes } => {
                allocator::set_cache_limit(limit_bytes)?;
            }
            Action::ReducePrefillStep { tokens } | Action::RestorePrefillStep { tokens } => {
                generator.prefill_step = tokens as usize;
            }
            Action::QuantizeKv(quantization) => generator.cache.quantize(quantization)?,
            Action::BoundKv { max_size } => generator.cache.bound(max_size)?,
            Action::UnloadIdleModels => store.unload_idle(self.model),
            Action::DropIdlePromptCaches => store.prompt_caches.drop_idle(),
            Action::Stop => {}
        }
        if !action.is_restoring() {
            allocator::clear_cache()?;
            keep_heap_trimmed();
        }
        Ok(())
    }
}

fn next_step(generator: &TokenGenerator) -> StepShape {
    let tokens = clamped(generator.next_step_tokens());
    let cache = &generator.cache;
    StepShape {
        tokens,
        seen_tokens: cache.tokens().saturating_add(tokens),
        kv: KvLayout {
            max_size: cache.max_size(),
            quantization: cache.quantization(),
        },
    }
}

/// What the action freed, by the system's own measure.
fn done(decision: Decision, before: &MemoryState) -> Result<ActionReport, EngineError> {
    let after = read()?;
    let freed = before
        .used_bytes
        .zip(after.used_bytes)
        .map(|(before, after)| before.saturating_sub(after));
    Ok(decision.done(freed))
}
