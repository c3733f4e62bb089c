//! What the governor is told before each step.

use std::time::Duration;

use crate::fit::KvQuantization;
use crate::pressure::Pressure;
use crate::state::{MemoryState, usage_ratio};

/// Memory and the work at hand, at one moment between two steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observation {
    /// Since any moment that stays the same for one governor.
    pub at: Duration,
    /// Bytes that this process may use.
    pub budget_bytes: Option<u64>,
    /// Footprint of this process.
    pub used_bytes: Option<u64>,
    /// Bytes that it could take now without hurting itself or others.
    pub available_bytes: Option<u64>,
    /// The system's own word.
    pub system_signal: Option<Pressure>,
    /// The cache of the allocator; `None` where it does not tell.
    pub cache: Option<AllocatorCache>,
    /// What is being computed.
    pub work: Work,
}

/// Freed buffers that the allocator keeps for reuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllocatorCache {
    /// Bytes kept now.
    pub bytes: u64,
    /// The most that it keeps.
    pub limit_bytes: u64,
    /// The limit that would hold if nothing had been shrunk: what a restored
    /// cache comes back to.
    pub usual_limit_bytes: u64,
}

/// What is being computed, and what could be given up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Work {
    /// Where the generation stands.
    pub phase: Phase,
    /// What the next step is predicted to take beyond what is used now, without
    /// what the allocator's cache can serve.
    pub next_step_bytes: u64,
    /// Keys and values of this generation.
    pub kv: KvSituation,
    /// Prompt caches that no generation uses now.
    pub idle_prompt_cache_bytes: u64,
    /// Models that no generation uses now.
    pub idle_model_bytes: u64,
}

/// Where a generation stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Prompt tokens are left.
    Prefill {
        /// Tokens of the next step.
        step: u32,
        /// The step that was asked for: what a restored step comes back to.
        usual_step: u32,
        /// Tokens left, those of the next step included.
        remaining_tokens: u32,
    },
    /// One token at a time.
    #[default]
    Decode,
}

/// Keys and values of a generation, and what can still be done to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KvSituation {
    /// Bytes they take.
    pub bytes: u64,
    /// Tokens they stand for.
    pub tokens: u32,
    /// `None` while they are as they were computed.
    pub quantization: Option<KvQuantization>,
    /// The group size in which they can be quantised; `None` if they cannot.
    pub quantizable_group_size: Option<u32>,
    /// The most tokens kept; `None` while all are.
    pub max_size: Option<u32>,
    /// Whether the oldest tokens can be given up.
    pub can_be_bounded: bool,
    /// What quantising or bounding them takes beyond what is used now, until
    /// the old ones are freed: a layer's worth if done layer by layer.
    pub rewrite_bytes: u64,
}

impl Observation {
    /// Memory as a state shows it, with the work at hand. `usual_cache_limit_bytes`
    /// is the limit that would hold if nothing had been shrunk.
    pub fn new(
        at: Duration,
        state: &MemoryState,
        usual_cache_limit_bytes: u64,
        work: Work,
    ) -> Self {
        Self {
            at,
            budget_bytes: state.budget_bytes,
            used_bytes: state.used_bytes,
            available_bytes: state.available_bytes,
            system_signal: state.system.pressure_signal.map(|signal| signal.level),
            cache: state.mlx.map(|mlx| AllocatorCache {
                bytes: mlx.cache_bytes,
                limit_bytes: mlx.cache_limit_bytes,
                usual_limit_bytes: usual_cache_limit_bytes,
            }),
            work,
        }
    }

    /// Used bytes as a share of the budget.
    pub(super) fn usage_ratio(&self) -> Option<f64> {
        usage_ratio(self.used_bytes, self.budget_bytes)
    }

    /// By how much the budget is exceeded; `None` if it is not, or unknown.
    pub(super) fn excess_bytes(&self) -> Option<u64> {
        let excess = self.used_bytes?.checked_sub(self.budget_bytes?)?;
        (excess > 0).then_some(excess)
    }

    /// Whether so many bytes more could be taken; true where that is unknown.
    pub(super) fn has_available(&self, bytes: u64) -> bool {
        self.available_bytes
            .is_none_or(|available| bytes <= available)
    }
}
