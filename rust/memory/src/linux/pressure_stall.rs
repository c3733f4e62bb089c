//! Pressure stall information: how long tasks waited for memory.

use crate::pressure::Pressure;
use crate::reading::{SignalOrigin, SystemSignal};

/// Shares of the last ten seconds, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct MemoryStall {
    /// At least one task waited.
    pub(super) some_percent: f64,
    /// Every task that was not idle waited: no work was done.
    pub(super) full_percent: f64,
}

/// From here on a level is asked for. A healthy machine shows 0.00; file reads
/// that evict other files cause single digits of `some`. One task waiting a
/// tenth of the time is noticeable; a quarter of the time, or everything
/// standing still for a twentieth, means that the machine reclaims instead of
/// working; standing still a fifth of the time comes shortly before the
/// out-of-memory killers of user space act (theirs begin at 20 to 60 %).
const MEDIUM_SOME_PERCENT: f64 = 10.0;
const HIGH_SOME_PERCENT: f64 = 25.0;
const HIGH_FULL_PERCENT: f64 = 5.0;
const CRITICAL_FULL_PERCENT: f64 = 20.0;

impl MemoryStall {
    /// Reads `/proc/pressure/memory` or a group's `memory.pressure`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(Self {
            some_percent: ten_second_average(text, "some ")?,
            full_percent: ten_second_average(text, "full ")?,
        })
    }

    /// The worse of each share.
    pub(super) fn worse(self, other: Self) -> Self {
        Self {
            some_percent: self.some_percent.max(other.some_percent),
            full_percent: self.full_percent.max(other.full_percent),
        }
    }

    pub(super) fn signal(self) -> SystemSignal {
        SystemSignal {
            level: self.level(),
            origin: SignalOrigin::PressureStall {
                some_percent: self.some_percent,
                full_percent: self.full_percent,
            },
        }
    }

    fn level(self) -> Pressure {
        if self.full_percent >= CRITICAL_FULL_PERCENT {
            Pressure::Critical
        } else if self.full_percent >= HIGH_FULL_PERCENT || self.some_percent >= HIGH_SOME_PERCENT {
            Pressure::High
        } else if self.some_percent >= MEDIUM_SOME_PERCENT {
            Pressure::Medium
        } else {
            Pressure::Low
        }
    }
}

fn ten_second_average(text: &str, kind: &str) -> Option<f64> {
    let fields = text.lines().find_map(|line| line.strip_prefix(kind))?;
    let number = fields
        .split_ascii_whitespace()
        .find_map(|field| field.strip_prefix("avg10="))?;
    let percent = number.parse::<f64>().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(some_percent: f64, full_percent: f64) -> Pressure {
        MemoryStall {
            some_percent,
            full_percent,
        }
        .level()
    }

    #[test]
    fn reads_the_ten_second_averages() {
        let stall = MemoryStall::parse(
            "some avg10=12.50 avg60=1.00 avg300=0.10 total=123\n\
             full avg10=3.25 avg60=0.50 avg300=0.01 total=45\n",
        );
        assert_eq!(
            stall,
            Some(MemoryStall {
                some_percent: 12.5,
                full_percent: 3.25
            })
        );
    }

    #[test]
    fn garbage_is_unknown() {
        for text in [
            "",
            "some avg10=1.00\n",
            "some avg10=x\nfull avg10=1.00\n",
            "some avg10=NaN\nfull avg10=1.00\n",
            "some avg10=101\nfull avg10=1.00\n",
            "some avg60=1.00\nfull avg60=1.00\n",
        ] {
            assert_eq!(MemoryStall::parse(text), None, "{text}");
        }
    }

    #[test]
    fn longer_stalls_ask_for_higher_levels() {
        assert_eq!(level(0.0, 0.0), Pressure::Low);
        assert_eq!(level(9.99, 4.99), Pressure::Low);
        assert_eq!(level(10.0, 0.0), Pressure::Medium);
        assert_eq!(level(25.0, 0.0), Pressure::High);
        assert_eq!(level(5.0, 5.0), Pressure::High);
        assert_eq!(level(20.0, 20.0), Pressure::Critical);
    }
}
