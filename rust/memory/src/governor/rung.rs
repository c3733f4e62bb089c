//! The rungs of the ladder: what each would do now.

use super::action::Action;
use super::observation::{KvSituation, Observation, Phase};
use crate::fit::KvQuantization;
use crate::limits::percent;
use crate::pressure::Pressure;

/// What can be given up, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rung {
    Cache,
    PrefillStep,
    KvPrecision,
    IdlePromptCaches,
    KvLength,
    IdleModels,
}

impl Rung {
    pub(super) const LADDER: [Self; 6] = [
        Self::Cache,
        Self::PrefillStep,
        Self::KvPrecision,
        Self::IdlePromptCaches,
        Self::KvLength,
        Self::IdleModels,
    ];
}

/// How far down each rung may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// What the cache keeps of its usual limit.
    cache_percent: u64,
    smallest_prefill_step: u32,
    /// 16 leaves keys and values as they are.
    fewest_kv_bits: u8,
    idle_prompt_caches: bool,
    /// `None` keeps all.
    fewest_kv_tokens: Option<u32>,
    idle_models: bool,
}

const MEDIUM: Reach = Reach {
    cache_percent: 25,
    smallest_prefill_step: 128,
    fewest_kv_bits: 16,
    idle_prompt_caches: false,
    fewest_kv_tokens: None,
    idle_models: false,
};

const HIGH: Reach = Reach {
    cache_percent: 0,
    smallest_prefill_step: 32,
    fewest_kv_bits: 8,
    idle_prompt_caches: true,
    ..MEDIUM
};

/// An answer that is not in danger keeps enough tokens to know its question.
const CRITICAL: Reach = Reach {
    smallest_prefill_step: 16,
    fewest_kv_bits: 4,
    fewest_kv_tokens: Some(1024),
    idle_models: true,
    ..HIGH
};

impl Reach {
    /// All that can be given up without ending the generation.
    pub(super) const EVERYTHING: Self = Self {
        fewest_kv_tokens: Some(256),
        ..CRITICAL
    };

    /// What this level of pressure may take; nothing while it is low.
    pub(super) fn at(pressure: Pressure) -> Option<Self> {
        match pressure {
            Pressure::Low => None,
            Pressure::Medium => Some(MEDIUM),
            Pressure::High => Some(HIGH),
            Pressure::Critical => Some(CRITICAL),
        }
    }
}

/// Bits of keys and values that are not quantised.
const FULL_BITS: u8 = 16;

impl Rung {
    /// What this rung would do now, `None` if it would free nothing or goes
    /// beyond its reach. `spare_bytes` is what a step may take, where known.
    pub(super) fn action(
        self,
        observation: &Observation,
        reach: &Reach,
        spare_bytes: Option<u64>,
    ) -> Option<Action> {
        let work = &observation.work;
        let rewritable = || observation.has_available(work.kv.rewrite_bytes);
        match self {
            Self::Cache => shrink_cache(observation, reach),
            Self::PrefillStep => reduce_step(observation, reach, spare_bytes),
            Self::KvPrecision => quantize(&work.kv, reach).filter(|_| rewritable()),
            Self::IdlePromptCaches => (reach.idle_prompt_caches
                && work.idle_prompt_cache_bytes > 0)
                .then_some(Action::DropIdlePromptCaches),
            Self::KvLength => bound(&work.kv, reach).filter(|_| rewritable()),
            Self::IdleModels => {
                (reach.idle_models && work.idle_model_bytes > 0).then_some(Action::UnloadIdleModels)
            }
        }
    }

    /// The figure that falls when this rung has been taken.
    pub(super) fn measure(self, observation: &Observation) -> u64 {
        let work = &observation.work;
        match self {
            Self::Cache => observation.cache.map_or(0, |cache| cache.limit_bytes),
            Self::PrefillStep => u64::from(tokens_of_next_step(work.phase)),
            Self::KvPrecision => u64::from(bits(&work.kv)),
            Self::IdlePromptCaches => work.idle_prompt_cache_bytes,
            Self::KvLength => u64::from(work.kv.max_size.unwrap_or(u32::MAX)),
            Self::IdleModels => work.idle_model_bytes,
        }
    }

    /// Whether it can be taken a second time at once. What is still idle after
    /// all that is idle was dropped cannot be dropped.
    pub(super) fn has_several_steps(self) -> bool {
        !matches!(self, Self::IdlePromptCaches | Self::IdleModels)
    }
}

fn shrink_cache(observation: &Observation, reach: &Reach) -> Option<Action> {
    let cache = observation.cache?;
    let limit_bytes = percent(cache.usual_limit_bytes, reach.cache_percent);
    let frees = limit_bytes < cache.limit_bytes && limit_bytes < cache.bytes;
    frees.then_some(Action::ShrinkCache { limit_bytes })
}

/// Halves the step until, by proportion, the next one fits.
fn reduce_step(
    observation: &Observation,
    reach: &Reach,
    spare_bytes: Option<u64>,
) -> Option<Action> {
    let now = tokens_of_next_step(observation.work.phase);
    let next_step_bytes = observation.work.next_step_bytes;
    let fits = |tokens| {
        spare_bytes.is_none_or(|spare| in_proportion(next_step_bytes, tokens, now) <= spare)
    };
    let smallest = reach.smallest_prefill_step;
    let mut tokens = power_of_two_below(now).filter(|tokens| *tokens >= smallest)?;
    while tokens > smallest && !fits(tokens) {
        tokens /= 2;
    }
    Some(Action::ReducePrefillStep { tokens })
}

/// What a step of `tokens` takes if one of `now` tokens takes `bytes`.
pub(super) fn in_proportion(bytes: u64, tokens: u32, now: u32) -> u64 {
    let scaled = u128::from(bytes) * u128::from(tokens) / u128::from(now.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// The largest power of two that is at most half of `tokens`.
fn power_of_two_below(tokens: u32) -> Option<u32> {
    Some(1 << (tokens / 2).checked_ilog2()?)
}

fn tokens_of_next_step(phase: Phase) -> u32 {
    match phase {
        Phase::Prefill {
            step,
            remaining_tokens,
            ..
        } => step.min(remaining_tokens),
        Phase::Decode => 0,
    }
}

fn quantize(kv: &KvSituation, reach: &Reach) -> Option<Action> {
    let group_size = kv.quantizable_group_size?;
    let target = [8, 4]
        .into_iter()
        .find(|target| *target < bits(kv) && *target >= reach.fewest_kv_bits)?;
    (kv.bytes > 0).then_some(Action::QuantizeKv(KvQuantization {
        bits: target,
        group_size,
    }))
}

fn bits(kv: &KvSituation) -> u8 {
    kv.quantization.map_or(FULL_BITS, |kv| kv.bits)
}

/// Half of the tokens that are kept now, and not a rewrite for a few tokens.
fn bound(kv: &KvSituation, reach: &Reach) -> Option<Action> {
    let kept = kv.tokens.min(kv.max_size.unwrap_or(u32::MAX));
    let max_size = (kept / 2).max(reach.fewest_kv_tokens?);
    let frees = kv.bytes > 0 && max_size <= kept - kept / 4;
    (kv.can_be_bounded && frees).then_some(Action::BoundKv { max_size })
}
