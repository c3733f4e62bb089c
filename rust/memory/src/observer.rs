//! One place to ask for the state: a probe, an allocator and a gauge together.

use std::sync::{Mutex, PoisonError};

use crate::error::ProbeError;
use crate::pressure::PressureGauge;
use crate::probe::Probe;
use crate::state::{AllocatorFigures, MemoryState};

/// Observes memory from any thread and remembers the level of pressure between
/// two looks.
pub struct MemoryObserver {
    probe: Box<dyn Probe>,
    allocator: Option<Box<dyn AllocatorFigures>>,
    gauge: Mutex<PressureGauge>,
}

impl MemoryObserver {
    /// An observer that shows the figures of no allocator.
    pub fn new(probe: impl Probe + 'static) -> Self {
        Self {
            probe: Box::new(probe),
            allocator: None,
            gauge: Mutex::new(PressureGauge::new()),
        }
    }

    /// Shows the figures of this allocator beside those of the system.
    #[must_use]
    pub fn with_allocator(mut self, allocator: impl AllocatorFigures + 'static) -> Self {
        self.allocator = Some(Box::new(allocator));
        self
    }

    /// Looks now.
    ///
    /// # Errors
    /// Those of the probe.
    pub fn observe(&self) -> Result<MemoryState, ProbeError> {
        let reading = self.probe.read()?;
        let mlx = self.allocator.as_ref().map(|source| source.figures());
        // A gauge is one plain level, valid whatever a panicking thread did.
        let mut gauge = self.gauge.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(MemoryState::new(reading, mlx, &mut gauge))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::pressure::Pressure;
    use crate::reading::Reading;
    use crate::state::MlxFigures;

    /// Uses 84, 86, then 81 percent of its budget.
    struct Swinging(AtomicU64);

    impl Probe for Swinging {
        fn read(&self) -> Result<Reading, ProbeError> {
            let used = [84, 86, 81][self.0.fetch_add(1, Ordering::Relaxed) as usize];
            Ok(Reading {
                budget_bytes: Some(100),
                used_bytes: Some(used),
                ..Reading::default()
            })
        }
    }

    struct Fixed;

    impl AllocatorFigures for Fixed {
        fn figures(&self) -> MlxFigures {
            MlxFigures {
                active_bytes: 5,
                ..MlxFigures::default()
            }
        }
    }

    #[test]
    fn remembers_the_level_between_looks() {
        let observer = MemoryObserver::new(Swinging(AtomicU64::new(0)));
        let levels: Vec<_> = (0..3)
            .map(|_| observer.observe().unwrap().pressure)
            .collect();
        assert_eq!(
            levels,
            [Pressure::High, Pressure::Critical, Pressure::Critical]
        );
    }

    #[test]
    fn shows_the_allocator_beside_the_system() {
        let observer = MemoryObserver::new(Swinging(AtomicU64::new(0))).with_allocator(Fixed);
        let state = observer.observe().unwrap();
        assert_eq!(state.mlx.unwrap().active_bytes, 5);
        assert_eq!(state.used_bytes, Some(84));
    }
}
