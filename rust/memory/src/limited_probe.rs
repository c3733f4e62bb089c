//! A probe whose budget a user has lowered.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::ProbeError;
use crate::max_memory::MaxMemory;
use crate::probe::Probe;
use crate::reading::{Limit, LimitSource, Reading, available};

/// Shows every reading as if the user's limit were one of the system's, so that
/// whoever reads memory keeps to it. The limit may change at any time; share
/// the probe through an [`Arc`](std::sync::Arc), which is a probe as well.
#[derive(Debug)]
pub struct LimitedProbe<P> {
    inner: P,
    /// 0 stands for none, which no [`MaxMemory`] is.
    max_bytes: AtomicU64,
}

impl<P: Probe> LimitedProbe<P> {
    /// A probe without a limit of its own yet.
    pub fn new(inner: P) -> Self {
        Self {
            inner,
            max_bytes: AtomicU64::new(0),
        }
    }

    /// Sets the limit, or lifts it. Whether it is possible is for
    /// [`MaxMemory::check`] to say, before.
    pub fn set_limit(&self, limit: Option<MaxMemory>) {
        let bytes = limit.map_or(0, MaxMemory::bytes);
        self.max_bytes.store(bytes, Ordering::Relaxed);
    }

    /// The limit that holds.
    pub fn limit(&self) -> Option<MaxMemory> {
        MaxMemory::from_bytes(self.max_bytes.load(Ordering::Relaxed)).ok()
    }
}

impl<P: Probe> Probe for LimitedProbe<P> {
    fn read(&self) -> Result<Reading, ProbeError> {
        let reading = self.inner.read()?;
        Ok(match self.limit() {
            Some(limit) => limited(reading, limit.bytes()),
            None => reading,
        })
    }
}

/// A reading under one limit more. Where the system does not tell the budget or
/// what is available, the user's limit does.
fn limited(mut reading: Reading, max_bytes: u64) -> Reading {
    let budget_bytes = reading.budget_bytes.map_or(max_bytes, |b| b.min(max_bytes));
    reading.budget_bytes = Some(budget_bytes);
    reading.available_bytes = available(
        reading.budget_bytes,
        reading.used_bytes,
        reading.available_bytes,
    );
    let limits = &mut reading.system.limits;
    let at = limits.partition_point(|limit| limit.bytes <= max_bytes);
    let source = LimitSource::UserLimit;
    limits.insert(
        at,
        Limit {
            source,
            bytes: max_bytes,
        },
    );
    reading
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    struct Fixed(Reading);

    impl Probe for Fixed {
        fn read(&self) -> Result<Reading, ProbeError> {
            Ok(self.0.clone())
        }
    }

    /// A budget of 1000, 300 used, 600 available.
    fn machine() -> Reading {
        let mut reading = Reading {
            budget_bytes: Some(1000),
            used_bytes: Some(300),
            available_bytes: Some(600),
            ..Reading::default()
        };
        reading.system.limits.push(Limit {
            source: LimitSource::Physical,
            bytes: 1000,
        });
        reading
    }

    fn under(max_bytes: u64, reading: Reading) -> Reading {
        let probe = LimitedProbe::new(Fixed(reading));
        probe.set_limit(Some(MaxMemory::from_bytes(max_bytes).unwrap()));
        probe.read().unwrap()
    }

    #[test]
    fn without_a_limit_nothing_changes() {
        let probe = LimitedProbe::new(Fixed(machine()));
        assert_eq!(probe.read().unwrap(), machine());
        assert_eq!(probe.limit(), None);
    }

    #[test]
    fn a_limit_lowers_the_budget_and_what_is_available() {
        let reading = under(500, machine());
        assert_eq!(reading.budget_bytes, Some(500));
        assert_eq!(reading.available_bytes, Some(200));
        assert_eq!(reading.system.limits[0].source, LimitSource::UserLimit);
        assert_eq!(reading.system.limits[1].source, LimitSource::Physical);
    }

    #[test]
    fn a_limit_never_promises_what_the_system_does_not() {
        let reading = under(2000, machine());
        assert_eq!(reading.budget_bytes, Some(1000));
        assert_eq!(reading.available_bytes, Some(600));
        assert_eq!(reading.system.limits[1].source, LimitSource::UserLimit);
    }

    #[test]
    fn a_limit_below_what_is_used_leaves_nothing() {
        assert_eq!(under(200, machine()).available_bytes, Some(0));
    }

    #[test]
    fn where_the_budget_is_unknown_the_limit_is_the_budget() {
        let silent = Reading {
            used_bytes: Some(300),
            ..Reading::default()
        };
        let reading = under(500, silent);
        assert_eq!(reading.budget_bytes, Some(500));
        assert_eq!(reading.available_bytes, Some(200));
        assert_eq!(under(500, Reading::default()).available_bytes, None);
    }

    #[test]
    fn a_shared_limit_can_be_set_and_lifted_later() {
        let probe = Arc::new(LimitedProbe::new(Fixed(machine())));
        let reader: Box<dyn Probe> = Box::new(Arc::clone(&probe));
        probe.set_limit(Some(MaxMemory::from_bytes(400).unwrap()));
        assert_eq!(reader.read().unwrap().budget_bytes, Some(400));
        probe.set_limit(None);
        assert_eq!(reader.read().unwrap().budget_bytes, Some(1000));
    }
}
