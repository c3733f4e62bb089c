//! The limit that a user gives.

use std::num::NonZeroU64;
use std::str::FromStr;

use crate::byte_size::ByteSize;
use crate::error::MemoryError;
use crate::reading::{Limit, LimitSource, Reading};

/// The most that this process may use because someone said so. It always wins
/// over what would be computed, and is never exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaxMemory {
    bytes: NonZeroU64,
}

impl MaxMemory {
    /// The limit in bytes.
    ///
    /// # Errors
    /// [`MemoryError::MaxMemoryZero`].
    pub fn from_bytes(bytes: u64) -> Result<Self, MemoryError> {
        let bytes = NonZeroU64::new(bytes).ok_or(MemoryError::MaxMemoryZero)?;
        Ok(Self { bytes })
    }

    /// The limit in bytes.
    pub const fn bytes(self) -> u64 {
        self.bytes.get()
    }

    /// Whether the limit can be kept by this process on this machine, for a job
    /// that needs `needed_bytes` in all where that is known.
    ///
    /// # Errors
    /// If it lies above what a hard limit allows, below what is used already,
    /// or below what the job needs.
    pub fn check(self, reading: &Reading, needed_bytes: Option<u64>) -> Result<(), MemoryError> {
        self.check_machine(reading)?;
        let asked_bytes = self.bytes();
        let is_more = |bytes: &u64| *bytes > asked_bytes;
        if let Some(used_bytes) = reading.used_bytes.filter(is_more) {
            return Err(MemoryError::MaxMemoryBelowUse {
                asked_bytes,
                used_bytes,
            });
        }
        match needed_bytes.filter(is_more) {
            Some(needed_bytes) => Err(MemoryError::MaxMemoryBelowNeed {
                asked_bytes,
                needed_bytes,
            }),
            None => Ok(()),
        }
    }

    fn check_machine(self, reading: &Reading) -> Result<(), MemoryError> {
        match tightest_of_machine(reading) {
            Some(limit) if limit.bytes < self.bytes() => Err(MemoryError::MaxMemoryAboveMachine {
                asked_bytes: self.bytes(),
                allowed_bytes: limit.bytes,
                source_name: limit.source.describe(),
            }),
            _ => Ok(()),
        }
    }
}

/// The tightest hard limit that nobody gave as a `MaxMemory`.
fn tightest_of_machine(reading: &Reading) -> Option<&Limit> {
    reading
        .system
        .limits
        .iter()
        .filter(|limit| limit.is_hard() && limit.source != LimitSource::UserLimit)
        .min_by_key(|limit| limit.bytes)
}

impl FromStr for MaxMemory {
    type Err = MemoryError;

    /// # Errors
    /// If the text is no size, or zero.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_bytes(text.parse::<ByteSize>()?.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::SystemReading;

    const MIB: u64 = 1 << 20;

    /// 1000 MiB are installed, 800 MiB allowed by the control group, 50 MiB used.
    fn reading() -> Reading {
        let limit = |source, mebibytes| Limit {
            source,
            bytes: mebibytes * MIB,
        };
        Reading {
            used_bytes: Some(50 * MIB),
            system: SystemReading {
                limits: vec![
                    limit(LimitSource::CgroupV2Throttle { path: "/a".into() }, 100),
                    limit(LimitSource::UserLimit, 200),
                    limit(LimitSource::CgroupV2 { path: "/a".into() }, 800),
                    limit(LimitSource::Physical, 1000),
                ],
                ..SystemReading::default()
            },
            ..Reading::default()
        }
    }

    fn check(mebibytes: u64, needed_mebibytes: Option<u64>) -> Result<(), String> {
        let limit = MaxMemory::from_bytes(mebibytes * MIB).unwrap();
        limit
            .check(&reading(), needed_mebibytes.map(|needed| needed * MIB))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_limit_is_written_as_a_size() {
        let bytes = |text: &str| text.parse::<MaxMemory>().unwrap().bytes();
        assert_eq!(bytes("512MB"), 512_000_000);
        assert_eq!(bytes("7GiB"), 7 << 30);
    }

    #[test]
    fn what_is_no_size_or_nothing_is_refused() {
        let refusal = |text: &str| text.parse::<MaxMemory>().unwrap_err().to_string();
        assert!(refusal("0").contains("zero"));
        assert!(refusal("0GiB").contains("zero"));
        assert!(refusal("-1GiB").contains("begin with a number"));
    }

    #[test]
    fn a_limit_that_can_be_kept_passes() {
        assert_eq!(check(800, None), Ok(()));
        assert_eq!(check(300, Some(300)), Ok(()));
    }

    #[test]
    fn more_than_the_machine_allows_is_refused_with_who_says_so() {
        let refusal = check(801, None).unwrap_err();
        assert!(
            refusal.contains("800.0 MiB that the control group allows"),
            "{refusal}"
        );
    }

    #[test]
    fn less_than_is_used_already_is_refused() {
        assert!(check(49, None).unwrap_err().contains("uses already"));
    }

    #[test]
    fn less_than_the_job_needs_is_refused_with_its_need() {
        let refusal = check(300, Some(301)).unwrap_err();
        assert!(
            refusal.contains("301.0 MiB that this job needs"),
            "{refusal}"
        );
    }

    #[test]
    fn where_nothing_is_known_no_limit_is_impossible() {
        let limit = MaxMemory::from_bytes(u64::MAX).unwrap();
        assert!(limit.check(&Reading::default(), None).is_ok());
    }
}
