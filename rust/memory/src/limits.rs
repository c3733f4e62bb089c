//! The limits set on the allocator: from the budget and what others use, never
//! from limits set before.

use serde::Serialize;

use crate::reading::{LimitSource, Reading};
use crate::state::MlxFigures;
use crate::strategy::Strategy;

/// What the allocator is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AllocatorLimits {
    /// The most that it takes before it frees its cache and waits.
    pub memory_bytes: u64,
    /// The most that it keeps for reuse.
    pub cache_bytes: u64,
    /// The most that is wired for the GPU; `None` where no working set is
    /// recommended, and the limit is left alone.
    pub wired_bytes: Option<u64>,
}

/// Decoding frees and takes the same few buffers for every token: a larger
/// cache only keeps what the prompt left behind.
const USEFUL_CACHE_BYTES: u64 = 16 << 20;

impl Strategy {
    /// The limits that follow from a reading. `None` where the budget, its use
    /// or what is available is unknown: then there is nothing to compute from.
    ///
    /// `memory_bytes` is a share of the budget less what the process uses beside
    /// the allocator, at least what is active, and at most the budget.
    /// The cache counts as available, for it can be given back: so a limit that
    /// was just applied, and freed some of it, does not change the next answer.
    pub fn allocator_limits(
        self,
        reading: &Reading,
        allocator: &MlxFigures,
    ) -> Option<AllocatorLimits> {
        let (budget, used) = (reading.budget_bytes?, reading.used_bytes?);
        let without_cache = used.saturating_sub(allocator.cache_bytes);
        let beside_allocator = without_cache.saturating_sub(allocator.active_bytes);
        let memory_bytes = percent(budget, self.memory_percent())
            .saturating_sub(beside_allocator)
            .max(allocator.active_bytes)
            .min(budget);
        let available = reading
            .available_bytes?
            .saturating_add(allocator.cache_bytes)
            .min(budget.saturating_sub(without_cache));
        Some(AllocatorLimits {
            memory_bytes,
            cache_bytes: (available / self.cache_divisor()).min(USEFUL_CACHE_BYTES),
            wired_bytes: recommended_working_set(reading).map(|bytes| bytes.min(memory_bytes)),
        })
    }

    /// What the allocator may take of the budget.
    const fn memory_percent(self) -> u64 {
        match self {
            Self::Conservative => 85,
            Self::Balanced => 75,
            Self::Aggressive => 65,
        }
    }

    /// Into how many parts what is available is cut, one of them for the cache.
    const fn cache_divisor(self) -> u64 {
        match self {
            Self::Conservative => 16,
            Self::Balanced => 32,
            Self::Aggressive => 64,
        }
    }
}

fn recommended_working_set(reading: &Reading) -> Option<u64> {
    reading
        .system
        .limits
        .iter()
        .find(|limit| limit.source == LimitSource::RecommendedWorkingSet)
        .map(|limit| limit.bytes)
}

/// That many hundredths, rounded down.
pub(crate) fn percent(bytes: u64, percent: u64) -> u64 {
    let scaled = u128::from(bytes) * u128::from(percent) / 100;
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reading::Limit;
    use crate::strategy::Strategy;

    const MIB: u64 = 1 << 20;

    fn reading(budget_bytes: u64, used_bytes: u64) -> Reading {
        Reading {
            budget_bytes: Some(budget_bytes),
            used_bytes: Some(used_bytes),
            available_bytes: Some(budget_bytes.saturating_sub(used_bytes)),
            ..Reading::default()
        }
    }

    fn allocator(active_bytes: u64, cache_bytes: u64) -> MlxFigures {
        MlxFigures {
            active_bytes,
            cache_bytes,
            ..MlxFigures::default()
        }
    }

    #[test]
    fn memory_is_a_share_of_the_budget_less_what_is_not_the_allocators() {
        let limits = Strategy::Balanced
            .allocator_limits(&reading(1000 * MIB, 300 * MIB), &allocator(200 * MIB, 0))
            .unwrap();
        assert_eq!(limits.memory_bytes, 650 * MIB);
    }

    #[test]
    fn bolder_strategies_take_and_keep_less() {
        let limits = Strategy::ALL.map(|strategy| {
            strategy
                .allocator_limits(&reading(400 * MIB, 200 * MIB), &allocator(100 * MIB, 0))
                .unwrap()
        });
        assert!(limits.is_sorted_by(|milder, bolder| {
            milder.memory_bytes > bolder.memory_bytes && milder.cache_bytes > bolder.cache_bytes
        }));
    }

    #[test]
    fn the_cache_is_no_larger_than_decoding_can_use() {
        let limits = Strategy::Conservative
            .allocator_limits(&reading(1 << 40, 0), &allocator(0, 0))
            .unwrap();
        assert_eq!(limits.cache_bytes, USEFUL_CACHE_BYTES);
    }

    #[test]
    fn memory_is_wired_only_where_a_working_set_is_recommended() {
        let mut mac = reading(1000 * MIB, 0);
        let wired = |reading: &Reading| {
            let limits = Strategy::Balanced.allocator_limits(reading, &allocator(0, 0));
            limits.unwrap().wired_bytes
        };
        assert_eq!(wired(&mac), None);
        mac.system.limits.push(Limit {
            source: LimitSource::RecommendedWorkingSet,
            bytes: 700 * MIB,
        });
        assert_eq!(wired(&mac), Some(700 * MIB));
    }

    #[test]
    fn nothing_is_computed_from_what_is_unknown() {
        for unknown in [
            Reading {
                budget_bytes: None,
                ..reading(9, 1)
            },
            Reading {
                used_bytes: None,
                ..reading(9, 1)
            },
            Reading {
                available_bytes: None,
                ..reading(9, 1)
            },
        ] {
            let limits = Strategy::Balanced.allocator_limits(&unknown, &allocator(0, 0));
            assert_eq!(limits, None);
        }
    }

    proptest! {
        #[test]
        fn applied_limits_do_not_change_the_next_answer(
            strategy in 0..3_usize,
            budget in 0..1_u64 << 30,
            [active, cache, beside] in [0..1_u64 << 28, 0..1_u64 << 28, 0..1_u64 << 28],
        ) {
            let strategy = Strategy::ALL[strategy];
            let before = reading(budget, active + cache + beside);
            let first = strategy.allocator_limits(&before, &allocator(active, cache)).unwrap();
            let kept = cache.min(first.cache_bytes);
            let after = reading(budget, active + kept + beside);
            let second = strategy.allocator_limits(&after, &allocator(active, kept)).unwrap();
            prop_assert_eq!(first, second);
        }

        #[test]
        fn a_larger_budget_never_lowers_a_limit(
            strategy in 0..3_usize, smaller: u64, larger: u64, used: u64, active: u64,
        ) {
            prop_assume!(smaller <= larger);
            let limits = |budget| {
                Strategy::ALL[strategy]
                    .allocator_limits(&reading(budget, used), &allocator(active, 0))
                    .unwrap()
            };
            let (of_smaller, of_larger) = (limits(smaller), limits(larger));
            prop_assert!(of_smaller.memory_bytes <= of_larger.memory_bytes);
            prop_assert!(of_smaller.cache_bytes <= of_larger.cache_bytes);
        }

        #[test]
        fn no_limit_exceeds_the_budget_and_memory_holds_what_is_active(
            strategy in 0..3_usize, budget: u64, used: u64, active: u64, cache: u64,
        ) {
            let limits = Strategy::ALL[strategy]
                .allocator_limits(&reading(budget, used), &allocator(active, cache))
                .unwrap();
            prop_assert!(limits.memory_bytes <= budget && limits.cache_bytes <= budget);
            prop_assert!(limits.memory_bytes >= active.min(budget));
        }
    }
}
