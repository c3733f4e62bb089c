//! What the live view shows: the latest state, and how it came to it.

use std::collections::VecDeque;
use std::time::Duration;

use headroom_memory::MemoryState;

use super::Look;
use super::run_status::RunStatus;
use super::share::{SharesOfBudget, share};

/// The latest state and the shares of all readings that a chart can show.
#[derive(Debug)]
pub(super) struct WatchModel {
    interval: Duration,
    latest: MemoryState,
    /// The training run that is watched beside it.
    run: Option<RunStatus>,
    /// Newest first.
    history: VecDeque<SharesOfBudget>,
}

impl WatchModel {
    /// The widest chart: more columns than terminals have.
    const MOST_READINGS: usize = 1000;

    /// Begins with a first reading; the others come an interval apart.
    pub(super) fn new(interval: Duration, first: Look) -> Self {
        Self {
            interval,
            history: VecDeque::from([shares(&first)]),
            latest: first.state,
            run: first.run,
        }
    }

    /// Takes in the next reading and forgets the oldest that no chart can show.
    pub(super) fn push(&mut self, look: Look) {
        self.history.truncate(Self::MOST_READINGS - 1);
        self.history.push_front(shares(&look));
        self.latest = look.state;
        self.run = look.run;
    }

    /// From one reading to the next.
    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// The newest reading.
    pub(super) fn latest(&self) -> &MemoryState {
        &self.latest
    }

    /// The training run, as it was at the newest reading.
    pub(super) fn run(&self) -> Option<&RunStatus> {
        self.run.as_ref()
    }

    /// The shares of the last readings, newest first.
    pub(super) fn history(&self) -> impl ExactSizeIterator<Item = SharesOfBudget> {
        self.history.iter().copied()
    }
}

/// What a run uses of its budget stands in the place of what this process does.
fn shares(look: &Look) -> SharesOfBudget {
    let own = SharesOfBudget::of(&look.state);
    match look.run.as_ref().and_then(RunStatus::step) {
        Some(step) => SharesOfBudget {
            used: share(step.footprint_bytes, step.budget_bytes),
            ..own
        },
        None => own,
    }
}

#[cfg(test)]
pub(super) mod examples {
    //! States that tests show.

    use headroom_memory::{DiskSpace, MlxFigures, PressureGauge, Reading, SystemReading};

    use super::*;

    const GIB: u64 = 1 << 30;
    const BUDGET: u64 = 8 * GIB;

    /// A process that uses this much of 8 GiB and could take that much more.
    pub(in crate::memory) fn state(used_percent: u64, available_percent: u64) -> MemoryState {
        let reading = Reading {
            budget_bytes: Some(BUDGET),
            used_bytes: Some(BUDGET * used_percent / 100),
            available_bytes: Some(BUDGET * available_percent / 100),
            system: system(),
        };
        MemoryState::new(reading, Some(mlx()), &mut PressureGauge::new())
    }

    fn system() -> SystemReading {
        SystemReading {
            physical_bytes: Some(16 * GIB),
            free_or_reclaimable_bytes: Some(6 * GIB),
            swap_total_bytes: Some(2 * GIB),
            swap_used_bytes: Some(0),
            disk: Some(DiskSpace {
                total_bytes: 100 * GIB,
                available_bytes: 40 * GIB,
            }),
            ..SystemReading::default()
        }
    }

    fn mlx() -> MlxFigures {
        MlxFigures {
            active_bytes: 3 * GIB / 2,
            cache_bytes: GIB / 64,
            peak_bytes: 9 * GIB / 5,
            memory_limit_bytes: 6 * GIB,
            cache_limit_bytes: GIB / 32,
        }
    }

    /// The look that finds this and no run.
    pub(in crate::memory) fn look(state: MemoryState) -> Look {
        Look { state, run: None }
    }

    /// A system that tells nothing.
    pub(in crate::memory) fn unknown() -> MemoryState {
        MemoryState::new(Reading::default(), None, &mut PressureGauge::new())
    }
}

#[cfg(test)]
mod tests {
    use super::examples::{look, state};
    use super::*;

    #[test]
    fn the_newest_reading_comes_first() {
        let mut model = WatchModel::new(Duration::from_secs(2), look(state(10, 90)));
        model.push(look(state(20, 80)));
        let used: Vec<_> = model.history().map(|shares| shares.used).collect();
        assert_eq!(used.len(), 2);
        assert!(used[0] > used[1]);
        assert_eq!(model.latest(), &state(20, 80));
    }

    #[test]
    fn a_long_watch_forgets_its_beginning() {
        let mut model = WatchModel::new(Duration::from_secs(2), look(state(10, 90)));
        for _ in 0..2 * WatchModel::MOST_READINGS {
            model.push(look(state(20, 80)));
        }
        assert_eq!(model.history().len(), WatchModel::MOST_READINGS);
    }
}
