//! A probe to which the host can pass on what the system told it.

use std::sync::{Mutex, PoisonError};

use crate::error::ProbeError;
use crate::pressure::Pressure;
use crate::probe::Probe;
use crate::reading::{Reading, SignalOrigin, SystemSignal};

/// Adds the host's word to every reading: iOS warns apps of memory through
/// notifications, which only the app receives. The word holds until the host
/// takes it back. Share the probe through an [`Arc`](std::sync::Arc), which is a
/// probe as well.
#[derive(Debug)]
pub struct SignalledProbe<P> {
    inner: P,
    level: Mutex<Option<Pressure>>,
}

impl<P: Probe> SignalledProbe<P> {
    /// A probe whose host has said nothing.
    pub fn new(inner: P) -> Self {
        Self {
            inner,
            level: Mutex::new(None),
        }
    }

    /// What the host says from now on; `None` takes its word back.
    pub fn set_signal(&self, level: Option<Pressure>) {
        // A level is one plain value, valid whatever a panicking thread did.
        *self.level.lock().unwrap_or_else(PoisonError::into_inner) = level;
    }

    /// What the host says.
    pub fn signal(&self) -> Option<Pressure> {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Probe> Probe for SignalledProbe<P> {
    fn read(&self) -> Result<Reading, ProbeError> {
        let mut reading = self.inner.read()?;
        if let Some(level) = self.signal() {
            let of_system = &mut reading.system.pressure_signal;
            *of_system = Some(worse(*of_system, level));
        }
        Ok(reading)
    }
}

fn worse(of_system: Option<SystemSignal>, of_host: Pressure) -> SystemSignal {
    of_system
        .filter(|signal| signal.level >= of_host)
        .unwrap_or(SystemSignal {
            level: of_host,
            origin: SignalOrigin::Host,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(Option<Pressure>);

    impl Probe for Fixed {
        fn read(&self) -> Result<Reading, ProbeError> {
            let mut reading = Reading::default();
            reading.system.pressure_signal = self.0.map(|level| SystemSignal {
                level,
                origin: SignalOrigin::VmPressureLevel { code: 2 },
            });
            Ok(reading)
        }
    }

    fn signal(of_system: Option<Pressure>, of_host: Option<Pressure>) -> Option<SystemSignal> {
        let probe = SignalledProbe::new(Fixed(of_system));
        probe.set_signal(of_host);
        probe.read().unwrap().system.pressure_signal
    }

    #[test]
    fn the_host_speaks_where_the_system_does_not() {
        let heard = signal(None, Some(Pressure::High)).unwrap();
        assert_eq!(heard.level, Pressure::High);
        assert_eq!(heard.origin, SignalOrigin::Host);
    }

    #[test]
    fn the_worse_of_both_is_heard() {
        let (high, critical) = (Some(Pressure::High), Some(Pressure::Critical));
        assert_eq!(signal(high, critical).unwrap().origin, SignalOrigin::Host);
        let system_is_worse = signal(critical, high).unwrap();
        assert_eq!(system_is_worse.level, Pressure::Critical);
        assert_ne!(system_is_worse.origin, SignalOrigin::Host);
    }

    #[test]
    fn a_word_that_is_taken_back_is_not_heard_any_more() {
        let probe = SignalledProbe::new(Fixed(None));
        probe.set_signal(Some(Pressure::Critical));
        probe.set_signal(None);
        assert_eq!(probe.read().unwrap().system.pressure_signal, None);
    }

    #[test]
    fn the_origin_has_a_name_in_json() {
        let heard = signal(None, Some(Pressure::High)).unwrap();
        assert_eq!(
            serde_json::to_value(heard).unwrap(),
            serde_json::json!({"level": "high", "origin": "host"})
        );
    }
}
