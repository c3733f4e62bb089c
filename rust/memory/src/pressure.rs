//! Levels of memory pressure, and the gauge that keeps them from flickering.

use serde::{Deserialize, Serialize};

/// How tight memory is, mildest first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Pressure {
    /// Less than half of the budget is used.
    #[default]
    Low,
    /// From 50 % of the budget.
    Medium,
    /// From 70 % of the budget.
    High,
    /// More than 85 % of the budget.
    Critical,
}

impl Pressure {
    /// The level that a share of the budget asks for, without any memory of
    /// what came before.
    pub fn from_ratio(used_share_of_budget: f64) -> Self {
        if used_share_of_budget > 0.85 {
            Self::Critical
        } else if used_share_of_budget >= 0.70 {
            Self::High
        } else if used_share_of_budget >= 0.50 {
            Self::Medium
        } else {
            Self::Low
        }
    }

    /// The name used in JSON and on the terminal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl std::fmt::Display for Pressure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// Turns readings into levels with hysteresis: a level is entered at its edge
/// and left only [`PressureGauge::MARGIN`] below it.
///
/// The system's signal can only raise the answer, and only while it lasts: it
/// is not held, because the systems smooth it themselves. A reading whose share
/// is unknown changes nothing: the last level stays, `Low` if there was none.
#[derive(Clone, Debug, Default)]
pub struct PressureGauge {
    held: Pressure,
}

impl PressureGauge {
    /// How far below its lower edge the share must fall before a level is left:
    /// 5 points of a hundred. Wide enough that one freed cache (a few percent)
    /// does not undo the action that freed it, and narrower than any level.
    pub const MARGIN: f64 = 0.05;

    /// A gauge that has seen nothing: `Low`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in one reading and answers the level that now holds.
    pub fn update(
        &mut self,
        used_share_of_budget: Option<f64>,
        system_signal: Option<Pressure>,
    ) -> Pressure {
        if let Some(share) = used_share_of_budget.filter(|share| !share.is_nan()) {
            self.held = self.next_level(share);
        }
        system_signal.map_or(self.held, |signal| signal.max(self.held))
    }

    fn next_level(&self, share: f64) -> Pressure {
        let entered = Pressure::from_ratio(share);
        let not_yet_left = Pressure::from_ratio(share + Self::MARGIN).min(self.held);
        entered.max(not_yet_left)
    }
}

#[cfg(test)]
mod tests {
    use Pressure::{Critical, High, Low, Medium};
    use proptest::prelude::*;

    use super::*;

    /// The levels of a gauge that sees these shares, one after the other.
    fn levels(shares: &[f64]) -> Vec<Pressure> {
        let mut gauge = PressureGauge::new();
        shares
            .iter()
            .map(|share| gauge.update(Some(*share), None))
            .collect()
    }

    #[test]
    fn levels_are_entered_at_their_edges() {
        assert_eq!(levels(&[0.0, 0.499]), [Low, Low]);
        assert_eq!(levels(&[0.50, 0.699]), [Medium, Medium]);
        assert_eq!(levels(&[0.70, 0.85]), [High, High]);
        assert_eq!(levels(&[0.851, 2.0]), [Critical, Critical]);
    }

    #[test]
    fn a_level_is_left_only_below_its_margin() {
        assert_eq!(levels(&[0.51, 0.46, 0.44]), [Medium, Medium, Low]);
        assert_eq!(levels(&[0.71, 0.66, 0.64]), [High, High, Medium]);
        assert_eq!(levels(&[0.86, 0.81, 0.79]), [Critical, Critical, High]);
    }

    #[test]
    fn a_deep_fall_passes_every_level_at_once() {
        assert_eq!(levels(&[0.99, 0.10]), [Critical, Low]);
        assert_eq!(levels(&[0.99, 0.66]), [Critical, High]);
    }

    #[test]
    fn a_share_that_swings_inside_the_margin_does_not_flicker() {
        let seen = levels(&[0.69, 0.71, 0.68, 0.72, 0.67, 0.70]);
        assert_eq!(seen, [Medium, High, High, High, High, High]);
    }

    #[test]
    fn the_system_only_raises_and_is_not_held() {
        let mut gauge = PressureGauge::new();
        assert_eq!(gauge.update(Some(0.1), Some(Critical)), Critical);
        assert_eq!(gauge.update(Some(0.1), None), Low);
        assert_eq!(gauge.update(Some(0.9), Some(Low)), Critical);
    }

    #[test]
    fn an_unknown_share_keeps_the_last_level() {
        let mut gauge = PressureGauge::new();
        assert_eq!(gauge.update(None, None), Low);
        gauge.update(Some(0.75), None);
        assert_eq!(gauge.update(None, None), High);
        assert_eq!(gauge.update(Some(f64::NAN), None), High);
        assert_eq!(gauge.update(None, Some(Critical)), Critical);
    }

    #[test]
    fn names_are_lower_case_and_ordered() {
        assert_eq!(serde_json::to_string(&Critical).unwrap(), "\"critical\"");
        assert_eq!(Critical.to_string(), "critical");
        assert!(Low < Medium && Medium < High && High < Critical);
    }

    proptest! {
        #[test]
        fn never_below_what_the_share_asks_for(shares in prop::collection::vec(0.0..1.2, 1..40)) {
            for (share, level) in shares.iter().zip(levels(&shares)) {
                prop_assert!(level >= Pressure::from_ratio(*share));
                prop_assert!(level <= Pressure::from_ratio(share + PressureGauge::MARGIN));
            }
        }
    }
}
