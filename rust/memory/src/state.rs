//! The state that hosts are shown: a reading, judged, beside the allocator's figures.

use serde::Serialize;

use crate::pressure::{Pressure, PressureGauge};
use crate::reading::{Reading, SystemReading};

/// What the allocator of the model runtime says about itself. These figures
/// stand beside those of the system, never instead of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MlxFigures {
    /// Bytes in live arrays.
    pub active_bytes: u64,
    /// Bytes kept for reuse; giving them back costs only speed.
    pub cache_bytes: u64,
    /// The most that was ever active.
    pub peak_bytes: u64,
    /// The most that the allocator takes before it waits or fails.
    pub memory_limit_bytes: u64,
    /// The most that it keeps for reuse.
    pub cache_limit_bytes: u64,
}

/// An allocator that can tell its own figures. The room that knows the
/// allocator implements it.
pub trait AllocatorFigures: Send + Sync {
    /// The figures of this moment.
    fn figures(&self) -> MlxFigures;
}

/// Memory as hosts see it. An unknown figure is `None`, in JSON null.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemoryState {
    /// Bytes that this process may use.
    pub budget_bytes: Option<u64>,
    /// Footprint of this process.
    pub used_bytes: Option<u64>,
    /// Bytes that it could take now without hurting itself or others.
    pub available_bytes: Option<u64>,
    /// How tight memory is.
    pub pressure: Pressure,
    /// Used bytes as a share of the budget; above 1 if a limit was lowered
    /// below what was already in use.
    pub memory_usage_ratio: Option<f64>,
    /// The allocator's figures, if one was given.
    pub mlx: Option<MlxFigures>,
    /// The figures of the system.
    pub system: SystemReading,
}

impl MemoryState {
    /// Judges a reading. The gauge remembers the level between calls.
    pub fn new(reading: Reading, mlx: Option<MlxFigures>, gauge: &mut PressureGauge) -> Self {
        let ratio = usage_ratio(reading.used_bytes, reading.budget_bytes);
        let signal = reading.system.pressure_signal.map(|signal| signal.level);
        Self {
            budget_bytes: reading.budget_bytes,
            used_bytes: reading.used_bytes,
            available_bytes: reading.available_bytes,
            pressure: gauge.update(ratio, signal),
            memory_usage_ratio: ratio,
            mlx,
            system: reading.system,
        }
    }
}

impl MemoryState {
    /// The reading that it was made from.
    pub fn reading(&self) -> Reading {
        Reading {
            budget_bytes: self.budget_bytes,
            used_bytes: self.used_bytes,
            available_bytes: self.available_bytes,
            system: self.system.clone(),
        }
    }
}

/// A budget of nothing counts as used up, since any share of it would be a
/// division by zero.
pub(crate) fn usage_ratio(used_bytes: Option<u64>, budget_bytes: Option<u64>) -> Option<f64> {
    match (used_bytes?, budget_bytes?) {
        (_, 0) => Some(1.0),
        (used, budget) => Some(used as f64 / budget as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{SignalOrigin, SystemSignal};

    fn reading(used_bytes: Option<u64>, budget_bytes: Option<u64>) -> Reading {
        Reading {
            budget_bytes,
            used_bytes,
            ..Reading::default()
        }
    }

    #[test]
    fn the_ratio_decides_the_level() {
        let mut gauge = PressureGauge::new();
        let state = MemoryState::new(reading(Some(75), Some(100)), None, &mut gauge);
        assert_eq!(state.memory_usage_ratio, Some(0.75));
        assert_eq!(state.pressure, Pressure::High);
    }

    #[test]
    fn an_empty_budget_is_used_up() {
        let mut gauge = PressureGauge::new();
        let state = MemoryState::new(reading(Some(1), Some(0)), None, &mut gauge);
        assert_eq!(state.pressure, Pressure::Critical);
    }

    #[test]
    fn the_signal_of_the_system_raises_the_level() {
        let mut calm = reading(Some(1), Some(100));
        calm.system.pressure_signal = Some(SystemSignal {
            level: Pressure::High,
            origin: SignalOrigin::VmPressureLevel { code: 2 },
        });
        let state = MemoryState::new(calm, None, &mut PressureGauge::new());
        assert_eq!(state.pressure, Pressure::High);
    }

    #[test]
    fn unknown_figures_are_null_in_json() {
        let state = MemoryState::new(reading(None, None), None, &mut PressureGauge::new());
        let json = serde_json::to_value(state).unwrap();
        assert_eq!(json["pressure"], "low");
        for name in ["budget_bytes", "used_bytes", "available_bytes", "mlx"] {
            assert!(json[name].is_null(), "{name}");
        }
        assert!(json["memory_usage_ratio"].is_null());
        assert!(json["system"]["physical_bytes"].is_null());
    }
}
