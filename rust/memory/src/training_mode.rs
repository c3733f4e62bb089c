//! The way of training that suits a budget.

use serde::Serialize;

/// How training is set up: batch sizes, cached shards, how often it evaluates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrainingMode {
    /// One sequence at a time: from 8 GiB.
    UltraLow,
    /// Two sequences at a time: from 16 GiB.
    LowMemory,
    /// Eight sequences at a time: from 32 GiB.
    Standard,
}

const GIB: u64 = 1 << 30;

impl TrainingMode {
    /// The largest that a budget has room for; `None` below the smallest.
    pub fn for_budget(budget_bytes: u64) -> Option<Self> {
        match budget_bytes / GIB {
            0..8 => None,
            8..16 => Some(Self::UltraLow),
            16..32 => Some(Self::LowMemory),
            _ => Some(Self::Standard),
        }
    }

    /// The name used in JSON and on the terminal.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UltraLow => "ultra-low",
            Self::LowMemory => "low-memory",
            Self::Standard => "standard",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_begins_at_its_budget() {
        let mode = |gib: u64| TrainingMode::for_budget(gib * GIB).map(TrainingMode::as_str);
        assert_eq!([0, 7].map(mode), [None; 2]);
        assert_eq!([8, 15].map(mode), [Some("ultra-low"); 2]);
        assert_eq!([16, 31].map(mode), [Some("low-memory"); 2]);
        assert_eq!([32, 512].map(mode), [Some("standard"); 2]);
    }

    #[test]
    fn names_are_the_same_in_json() {
        for mode in [
            TrainingMode::UltraLow,
            TrainingMode::LowMemory,
            TrainingMode::Standard,
        ] {
            let json = serde_json::to_value(mode).unwrap();
            assert_eq!(json, mode.as_str());
        }
    }
}
