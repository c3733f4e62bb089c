//! The limit of a job that says what it needs, such as training.

use serde::Serialize;

use crate::error::MemoryError;
use crate::limits::percent;
use crate::max_memory::MaxMemory;
use crate::reading::Reading;

/// The part of what is available that a job takes if nobody says otherwise: the
/// rest is for what others begin while it runs.
const SHARE_OF_AVAILABLE_PERCENT: u64 = 80;

/// What a job may take, and where that comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct JobLimit {
    /// The most that the job may take.
    pub bytes: u64,
    /// Where it comes from: show it to the user where it is not `Share`.
    #[serde(flatten)]
    pub basis: JobLimitBasis,
}

/// Where a [`JobLimit`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "basis", rename_all = "snake_case")]
pub enum JobLimitBasis {
    /// The user gave it.
    Given,
    /// 80 % of what is available.
    Share,
    /// The job needs more than 80 % of what is available, but not more than
    /// that: its need is the limit.
    RaisedToNeed {
        /// What 80 % would have been.
        share_bytes: u64,
    },
    /// The job needs more than is available: the limit is below its need.
    BelowNeed {
        /// What the job is predicted to need.
        needed_bytes: u64,
    },
}

impl JobLimit {
    /// A limit that was given, or else the automatic one: 80 % of what is
    /// available, raised to `needed_bytes` if that is available too, and never
    /// above what any hard limit allows.
    ///
    /// # Errors
    /// Those of [`MaxMemory::check`] for a limit that was given;
    /// [`MemoryError::AvailableUnknown`] if none was and none can be computed.
    pub fn choose(
        given: Option<MaxMemory>,
        reading: &Reading,
        needed_bytes: Option<u64>,
    ) -> Result<Self, MemoryError> {
        match given {
            Some(given) => {
                given.check(reading, needed_bytes)?;
                Ok(Self {
                    bytes: given.bytes(),
                    basis: JobLimitBasis::Given,
                })
            }
            None => Self::automatic(reading, needed_bytes),
        }
    }

    fn automatic(reading: &Reading, needed_bytes: Option<u64>) -> Result<Self, MemoryError> {
        let available_bytes = within_machine(
            reading
                .available_bytes
                .ok_or(MemoryError::AvailableUnknown)?,
            reading,
        );
        let share_bytes = percent(available_bytes, SHARE_OF_AVAILABLE_PERCENT);
        let (bytes, basis) = match needed_bytes {
            Some(needed) if needed > available_bytes => (
                share_bytes,
                JobLimitBasis::BelowNeed {
                    needed_bytes: needed,
                },
            ),
            Some(needed) if needed > share_bytes => {
                (needed, JobLimitBasis::RaisedToNeed { share_bytes })
            }
            _ => (share_bytes, JobLimitBasis::Share),
        };
        Ok(Self { bytes, basis })
    }
}

/// A probe promises no more than its limits allow; a reading that comes from
/// elsewhere is held to the same.
fn within_machine(bytes: u64, reading: &Reading) -> u64 {
    let hard = reading.system.limits.iter().filter(|limit| limit.is_hard());
    hard.map(|limit| limit.bytes).fold(bytes, u64::min)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reading::{Limit, LimitSource};

    fn reading(available_bytes: u64, physical_bytes: u64) -> Reading {
        let mut reading = Reading {
            available_bytes: Some(available_bytes),
            ..Reading::default()
        };
        reading.system.limits.push(Limit {
            source: LimitSource::Physical,
            bytes: physical_bytes,
        });
        reading
    }

    fn automatic(needed_bytes: Option<u64>) -> JobLimit {
        JobLimit::choose(None, &reading(1000, 4000), needed_bytes).unwrap()
    }

    #[test]
    fn a_job_gets_four_fifths_of_what_is_available() {
        let limit = automatic(Some(700));
        assert_eq!((limit.bytes, limit.basis), (800, JobLimitBasis::Share));
        assert_eq!(automatic(None), limit);
    }

    #[test]
    fn a_job_that_needs_a_little_more_gets_it_and_is_told() {
        let limit = automatic(Some(900));
        assert_eq!(limit.bytes, 900);
        assert_eq!(
            limit.basis,
            JobLimitBasis::RaisedToNeed { share_bytes: 800 }
        );
    }

    #[test]
    fn a_job_that_needs_more_than_there_is_is_told() {
        let limit = automatic(Some(1001));
        assert_eq!(limit.bytes, 800);
        assert_eq!(limit.basis, JobLimitBasis::BelowNeed { needed_bytes: 1001 });
    }

    #[test]
    fn a_limit_that_was_given_wins() {
        let given = MaxMemory::from_bytes(3000).unwrap();
        let limit = JobLimit::choose(Some(given), &reading(1000, 4000), Some(2000)).unwrap();
        assert_eq!((limit.bytes, limit.basis), (3000, JobLimitBasis::Given));
    }

    #[test]
    fn a_limit_that_was_given_and_is_impossible_is_refused() {
        for (given, needed) in [(4001, None), (500, Some(501))] {
            let given = MaxMemory::from_bytes(given).unwrap();
            assert!(JobLimit::choose(Some(given), &reading(1000, 4000), needed).is_err());
        }
    }

    #[test]
    fn nothing_is_chosen_from_what_is_unknown() {
        let refusal = JobLimit::choose(None, &Reading::default(), Some(1)).unwrap_err();
        assert!(refusal.to_string().contains("--max-memory"));
    }

    #[test]
    fn a_limit_is_one_flat_object() {
        assert_eq!(
            serde_json::to_value(automatic(Some(900))).unwrap(),
            serde_json::json!({"bytes": 900, "basis": "raised_to_need", "share_bytes": 800})
        );
    }

    proptest! {
        #[test]
        fn never_above_the_machine_nor_silently_below_the_need(
            available: u64, physical: u64, needed: Option<u64>,
        ) {
            let limit = JobLimit::choose(None, &reading(available, physical), needed).unwrap();
            prop_assert!(limit.bytes <= physical && limit.bytes <= available);
            let is_told = matches!(limit.basis, JobLimitBasis::BelowNeed { .. });
            prop_assert_eq!(is_told, needed.is_some_and(|needed| limit.bytes < needed));
        }
    }
}
