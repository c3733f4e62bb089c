//! Bounds that figures are held to. A target that is missed is a result, not an error.

use std::fmt;

use serde::Serialize;

/// A bound on a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    pub(crate) fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtMost(bound) => value <= bound,
            Self::AtLeast(bound) => value >= bound,
        }
    }

    /// The bare bound.
    pub(crate) fn bound(self) -> f64 {
        match self {
            Self::AtMost(bound) | Self::AtLeast(bound) => bound,
        }
    }
}

/// A figure beside its target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Judged {
    /// `None` where it could not be measured.
    pub(crate) value: Option<f64>,
    pub(crate) target: Target,
    /// `None` without a value.
    pub(crate) is_met: Option<bool>,
}

impl Judged {
    pub(crate) fn new(value: Option<f64>, target: Target) -> Self {
        Self {
            value,
            target,
            is_met: value.map(|value| target.is_met_by(value)),
        }
    }

    /// The target and what came of it.
    pub(crate) fn verdict(&self) -> String {
        format!("{}: {}", self.target, self.word())
    }

    /// What came of it.
    pub(crate) fn word(&self) -> &'static str {
        match self.is_met {
            Some(true) => "met",
            Some(false) => "FELL SHORT",
            None => "unknown",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(bound) => write!(formatter, "at most {bound}"),
            Self::AtLeast(bound) => write!(formatter, "at least {bound}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_at_its_bound_meets_it() {
        for target in [Target::AtMost(0.5), Target::AtLeast(0.5)] {
            assert_eq!(Judged::new(Some(0.5), target).is_met, Some(true));
        }
    }

    #[test]
    fn a_figure_past_its_bound_falls_short_and_says_so() {
        let judged = Judged::new(Some(0.51), Target::AtMost(0.5));
        assert_eq!(judged.verdict(), "at most 0.5: FELL SHORT");
        let judged = Judged::new(Some(0.49), Target::AtLeast(0.5));
        assert_eq!(judged.verdict(), "at least 0.5: FELL SHORT");
    }

    #[test]
    fn an_unknown_figure_is_neither_met_nor_missed() {
        let judged = Judged::new(None, Target::AtMost(0.5));
        assert_eq!((judged.is_met, judged.word()), (None, "unknown"));
    }
}
