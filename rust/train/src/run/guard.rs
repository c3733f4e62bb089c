//! Between two blocks: time and memory are read, memory is given back, and a run is stopped.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use headroom_memory::ByteSize;
use headroom_mlx::{allocator, trim_heap};

use crate::error::TrainError;
use crate::model::Watch;
use crate::record::{Phase, PhaseCost};
use crate::run::events::Observer;
use crate::run::memory_use::{GIVE_UP_SHARE, MemoryLimit, MemoryUse};

/// Looks on between two blocks.
pub(crate) struct Guard<'a> {
    observer: &'a dyn Observer,
    memory: MemoryLimit,
    phases: BTreeMap<Phase, PhaseCost>,
    /// Until when time was counted.
    since: Instant,
    /// When memory was looked at last.
    looked: Instant,
}

/// From this share of the limit on, freed buffers go back to the system.
const TIDY_SHARE: f64 = 0.90;

/// A block may take less time than a look at the system.
const LOOK_EVERY: Duration = Duration::from_millis(10);

impl<'a> Guard<'a> {
    pub(crate) fn new(observer: &'a dyn Observer, memory: MemoryLimit) -> Self {
        Self {
            observer,
            memory,
            phases: BTreeMap::new(),
            since: Instant::now(),
            looked: Instant::now(),
        }
    }

    /// Counts the time since the last look for `phase`.
    pub(crate) fn spent(&mut self, phase: Phase) -> Result<(), TrainError> {
        let peak_bytes = allocator::read()?.peak_bytes;
        let cost = self.phases.entry(phase).or_default();
        cost.seconds += self.since.elapsed().as_secs_f64();
        cost.peak_bytes = cost.peak_bytes.max(peak_bytes);
        self.since = Instant::now();
        Ok(())
    }

    /// Counts time that was spent waiting before there was a guard.
    pub(crate) fn waited(&mut self, seconds: f64) {
        self.phases.entry(Phase::Data).or_default().seconds += seconds;
    }

    /// As [`Watch::after`] in the middle of an update, which nothing may end.
    pub(crate) fn during_update(&mut self) {
        // What lasts is told at the next look that may end the step; the update's own peak is not.
        drop(self.spent(Phase::Update));
        drop(self.hold_when_due());
    }

    /// What each phase took.
    pub(crate) fn phases(self) -> BTreeMap<Phase, PhaseCost> {
        self.phases
    }

    fn hold_when_due(&mut self) -> Result<(), TrainError> {
        if self.looked.elapsed() < LOOK_EVERY {
            return Ok(());
        }
        self.looked = Instant::now();
        self.hold()
    }

    /// Gives back what is only kept for later, once that is needed.
    ///
    /// # Errors
    /// [`TrainError::OverBudget`] when that is not enough.
    fn hold(&self) -> Result<(), TrainError> {
        let Some(before) = self.memory.look()? else {
            return Ok(());
        };
        if before.share() < TIDY_SHARE && before.peak_fits() {
            return Ok(());
        }
        allocator::clear_cache()?;
        trim_heap();
        match self.memory.look()? {
            Some(after) if after.share() >= GIVE_UP_SHARE || !after.peak_fits() => {
                Err(self.over_budget(&after))
            }
            _ => Ok(()),
        }
    }

    fn over_budget(&self, found: &MemoryUse) -> TrainError {
        TrainError::OverBudget {
            used_bytes: ByteSize::from_bytes(found.most_bytes()),
            limit_bytes: ByteSize::from_bytes(found.limit_bytes),
            needed_bytes: ByteSize::from_bytes(found.needed_bytes(&self.memory.plan)),
        }
    }
}

impl Watch for Guard<'_> {
    fn after(&mut self, phase: Phase) -> Result<(), TrainError> {
        self.spent(phase)?;
        if self.observer.wants_stop() {
            return Err(TrainError::Stopped);
        }
        self.hold_when_due()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Geometry;
    use crate::plan::PlanRequest;
    use crate::run::events::TrainingEvent;

    struct Nobody;

    impl Observer for Nobody {
        fn happened(&mut self, _event: TrainingEvent<'_>) {}

        fn wants_stop(&self) -> bool {
            false
        }
    }

    /// A plan that was made for nothing used, within one byte.
    fn nothing_allowed() -> MemoryLimit {
        let request = PlanRequest {
            geometry: Geometry::of_depth(1, 300, 32).unwrap(),
            rows: 1,
            enough_tokens: 1,
            weight_bytes: 4,
            is_rounded: false,
            state_dtype: None,
            recompute: false,
            process_bytes: 0,
            limit_bytes: None,
        };
        let mut plan = request.plans().unwrap()[0];
        plan.limit_bytes = Some(1);
        MemoryLimit { plan }
    }

    #[test]
    fn memory_is_looked_at_however_short_blocks_are() {
        headroom_mlx::start().unwrap();
        let mut guard = Guard::new(&Nobody, nothing_allowed());
        let ended = (0..10_000_000).find_map(|_| guard.after(Phase::Forward).err());
        assert!(
            matches!(ended, Some(TrainError::OverBudget { .. })),
            "{ended:?}"
        );
    }
}
