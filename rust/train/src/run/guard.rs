//! Between two blocks: time and memory are read, memory is given back, and a run is stopped.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headroom_memory::{ByteSize, Probe, SystemProbe};
use headroom_mlx::{allocator, trim_heap};

use crate::error::TrainError;
use crate::model::Watch;
use crate::record::{Phase, PhaseCost};
use crate::run::events::Observer;

/// Looks on between two blocks.
pub(crate) struct Guard<'a> {
    observer: &'a dyn Observer,
    memory: MemoryLimit,
    phases: BTreeMap<Phase, PhaseCost>,
    since: Instant,
}

/// What the process may use, and who reads what it does use.
#[derive(Clone)]
pub(crate) struct MemoryLimit {
    pub(crate) probe: Arc<SystemProbe>,
    pub(crate) limit_bytes: Option<u64>,
}

/// From this share of the limit on, freed buffers go back to the system.
const TIDY_SHARE: f64 = 0.90;
/// From this share on a step is given up, to be taken again in smaller pieces.
const GIVE_UP_SHARE: f64 = 0.97;

/// A block may take less time than a look at the system.
const LOOK_EVERY: Duration = Duration::from_millis(10);

impl<'a> Guard<'a> {
    pub(crate) fn new(observer: &'a dyn Observer, memory: MemoryLimit) -> Self {
        Self {
            observer,
            memory,
            phases: BTreeMap::new(),
            since: Instant::now(),
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
        let is_time_to_look = self.since.elapsed() >= LOOK_EVERY;
        // What fails here fails again, and is told, at the next look that may end the step.
        drop(self.spent(Phase::Update));
        if is_time_to_look {
            drop(self.memory.hold());
        }
    }

    /// What each phase took.
    pub(crate) fn phases(self) -> BTreeMap<Phase, PhaseCost> {
        self.phases
    }
}

impl Watch for Guard<'_> {
    fn after(&mut self, phase: Phase) -> Result<(), TrainError> {
        let is_time_to_look = self.since.elapsed() >= LOOK_EVERY;
        self.spent(phase)?;
        if self.observer.wants_stop() {
            return Err(TrainError::Stopped);
        }
        match is_time_to_look {
            true => self.memory.hold(),
            false => Ok(()),
        }
    }
}

impl MemoryLimit {
    /// What the process uses.
    pub(crate) fn used_bytes(&self) -> Option<u64> {
        self.probe.read().ok()?.used_bytes
    }

    /// Gives back what is only kept for later, once that is needed.
    ///
    /// # Errors
    /// [`TrainError::OverBudget`] when that is not enough.
    fn hold(&self) -> Result<(), TrainError> {
        let Some(limit_bytes) = self.limit_bytes else {
            return Ok(());
        };
        if self.share(limit_bytes) < TIDY_SHARE {
            return Ok(());
        }
        allocator::clear_cache()?;
        trim_heap();
        match self.share(limit_bytes) < GIVE_UP_SHARE {
            true => Ok(()),
            false => Err(TrainError::OverBudget {
                used_bytes: ByteSize::from_bytes(self.used_bytes().unwrap_or(0)),
                limit_bytes: ByteSize::from_bytes(limit_bytes),
            }),
        }
    }

    fn share(&self, limit_bytes: u64) -> f64 {
        self.used_bytes().unwrap_or(0) as f64 / limit_bytes.max(1) as f64
    }
}
