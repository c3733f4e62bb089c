//! What the process uses, against what it may use at that moment.

use headroom_engine::memory_state;
use headroom_mlx::allocator;

use crate::error::TrainError;
use crate::plan::MemoryPlan;

/// What bounds a run: its plan, and whatever the host or the system comes to allow since.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MemoryLimit {
    pub(crate) plan: MemoryPlan,
}

/// From this share of the limit on a step is given up, to be taken again in smaller pieces.
pub(crate) const GIVE_UP_SHARE: f64 = 0.97;

/// One look. Bytes of the process, and MLX's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemoryUse {
    pub(crate) used_bytes: u64,
    /// What may be used now.
    pub(crate) limit_bytes: u64,
    pub(crate) active_bytes: u64,
    pub(crate) cache_bytes: u64,
    /// The most that was active since the step began.
    pub(crate) peak_bytes: u64,
}

/// What the process uses now, whatever bounds it; `None` where the system does not tell.
pub(crate) fn used_bytes() -> Option<u64> {
    memory_state().ok()?.used_bytes
}

impl MemoryLimit {
    /// Looks now; `None` where the system does not tell, or nothing bounds the process.
    ///
    /// # Errors
    /// When MLX does not tell.
    pub(crate) fn look(&self) -> Result<Option<MemoryUse>, TrainError> {
        let figures = allocator::read()?;
        // A system that once cannot be read is asked again a moment later.
        let Ok(state) = memory_state() else {
            return Ok(None);
        };
        let bounds = [self.plan.limit_bytes, state.budget_bytes];
        let limit_bytes = bounds.into_iter().flatten().min();
        let used = state.used_bytes.zip(limit_bytes);
        Ok(used.map(|(used_bytes, limit_bytes)| MemoryUse {
            used_bytes,
            limit_bytes,
            active_bytes: figures.active_bytes,
            cache_bytes: figures.cache_bytes,
            peak_bytes: figures.peak_bytes,
        }))
    }
}

impl MemoryUse {
    /// What is used, as a share of what may be.
    pub(crate) fn share(&self) -> f64 {
        self.used_bytes as f64 / self.limit_bytes.max(1) as f64
    }

    /// What the process uses beside live arrays and what MLX keeps for later.
    fn beside_bytes(&self) -> u64 {
        let arrays = self.active_bytes.saturating_add(self.cache_bytes);
        self.used_bytes.saturating_sub(arrays)
    }

    /// The most that was used since the step began: within a block nobody looks, but MLX counts.
    pub(crate) fn most_bytes(&self) -> u64 {
        let peak_bytes = self.beside_bytes().saturating_add(self.peak_bytes);
        peak_bytes.max(self.used_bytes)
    }

    /// Whether the arrays of the step so far found room at their peak.
    pub(crate) fn peak_fits(&self) -> bool {
        self.beside_bytes().saturating_add(self.peak_bytes) <= self.limit_bytes
    }

    /// The limit under which steps of a plan are not given up, beside what else the process uses now, and
    /// at the least what another run would ask for.
    pub(crate) fn needed_bytes(&self, plan: &MemoryPlan) -> u64 {
        let now = self.beside_bytes().saturating_add(plan.estimate.peak());
        let steps = now.max(self.most_bytes()) as f64 / GIVE_UP_SHARE;
        plan.predicted_bytes().max(steps as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUND: MemoryUse = MemoryUse {
        used_bytes: 100,
        limit_bytes: 120,
        active_bytes: 40,
        cache_bytes: 30,
        peak_bytes: 80,
    };

    #[test]
    fn what_was_used_within_a_block_counts() {
        assert_eq!(FOUND.most_bytes(), 110);
        assert!(FOUND.peak_fits());
        let lowered = MemoryUse {
            limit_bytes: 109,
            ..FOUND
        };
        assert!(!lowered.peak_fits());
    }

    #[test]
    fn figures_of_different_moments_do_not_go_below_zero() {
        let odd = MemoryUse {
            used_bytes: 10,
            ..FOUND
        };
        assert_eq!(odd.most_bytes(), 80);
    }
}
