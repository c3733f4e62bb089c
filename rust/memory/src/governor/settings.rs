//! The figures that the governor's rules leave open.

use std::time::Duration;

use super::observation::Observation;
use crate::pressure::Pressure;

/// How long the governor waits, and how much it keeps free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GovernorSettings {
    /// Kept free beside the next step, whatever the budget.
    pub least_reserve_bytes: u64,
    /// Kept free beside the next step, as a part of the budget.
    pub reserve_percent: u64,
    /// From one action to the next under medium pressure, to see its effect.
    pub interval_at_medium: Duration,
    /// The same under high pressure.
    pub interval_at_high: Duration,
    /// The same under critical pressure.
    pub interval_at_critical: Duration,
    /// How long pressure must have been low before something is undone.
    pub calm: Duration,
    /// The longest that this wait becomes by doubling.
    pub longest_calm: Duration,
    /// What is taken again so soon after it was undone doubles its wait.
    pub flapping_within: Duration,
    /// How long the system may say critical once nothing is left to give up.
    pub patience: Duration,
}

impl Default for GovernorSettings {
    /// The kernel's counters lag by batches of pages per thread, and a step's
    /// own threads allocate while it runs: 4 MiB cover both. An allocator gives
    /// memory back within milliseconds, but Linux averages its stalls over ten
    /// seconds, so patience is longer than that.
    fn default() -> Self {
        Self {
            least_reserve_bytes: 4 << 20,
            reserve_percent: 2,
            interval_at_medium: Duration::from_secs(1),
            interval_at_high: Duration::from_millis(500),
            interval_at_critical: Duration::from_millis(100),
            calm: Duration::from_secs(5),
            longest_calm: Duration::from_secs(300),
            flapping_within: Duration::from_secs(60),
            patience: Duration::from_secs(15),
        }
    }
}

impl GovernorSettings {
    /// What a step may take; `None` where it is not known what is available.
    pub(super) fn spare_bytes(&self, observation: &Observation) -> Option<u64> {
        let percent = observation.budget_bytes.unwrap_or(0) / 100;
        let share = percent.saturating_mul(self.reserve_percent);
        let reserve = share.max(self.least_reserve_bytes);
        Some(observation.available_bytes?.saturating_sub(reserve))
    }

    pub(super) fn interval(&self, pressure: Pressure) -> Duration {
        match pressure {
            Pressure::Low | Pressure::Medium => self.interval_at_medium,
            Pressure::High => self.interval_at_high,
            Pressure::Critical => self.interval_at_critical,
        }
    }
}
