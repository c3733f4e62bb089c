//! Parts of the budget, the measure of every bar, chart and warning.

use headroom_memory::MemoryState;

/// Shares of the budget: 0 is nothing, 1 all of it. A share that is unknown is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct SharesOfBudget {
    /// Used by this process.
    pub(super) used: Option<f64>,
    /// What can no longer be taken, by whomever it is used. What other programs hold shows here,
    /// and so does what the neighbours in a control group hold.
    pub(super) taken: Option<f64>,
}

impl SharesOfBudget {
    pub(super) fn of(state: &MemoryState) -> Self {
        Self {
            used: state.memory_usage_ratio,
            taken: share(taken_bytes(state), state.budget_bytes),
        }
    }
}

/// What is left of the budget, turned round.
pub(super) fn taken_bytes(state: &MemoryState) -> Option<u64> {
    Some(state.budget_bytes?.saturating_sub(state.available_bytes?))
}

/// A part of a whole; a whole of nothing counts as used up.
pub(super) fn share(part_bytes: Option<u64>, whole_bytes: Option<u64>) -> Option<f64> {
    match (part_bytes?, whole_bytes?) {
        (_, 0) => Some(1.0),
        (part, whole) => Some(part as f64 / whole as f64),
    }
}

/// A share for people; an unknown one is named so.
pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or_else(
        || "unknown".to_owned(),
        |share| format!("{:.0} %", share * 100.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::watch_model::examples::{state, unknown};

    #[test]
    fn what_others_hold_counts_as_taken() {
        let shares = SharesOfBudget::of(&state(20, 30));
        assert_eq!(percent(shares.used), "20 %");
        assert_eq!(percent(shares.taken), "70 %");
    }

    #[test]
    fn a_share_of_the_unknown_is_unknown() {
        let shares = SharesOfBudget::of(&unknown());
        assert_eq!((shares.used, shares.taken), (None, None));
        assert_eq!(percent(None), "unknown");
    }

    #[test]
    fn a_whole_of_nothing_is_used_up() {
        assert_eq!(share(Some(0), Some(0)), Some(1.0));
    }
}
