//! What one look at the system found, before anything is judged.

use serde::Serialize;

use crate::disk::DiskSpace;
use crate::pressure::Pressure;

/// One look at the process and the system. `None` means that the system does
/// not tell, never zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reading {
    /// Bytes that this process may use: the tightest of the limits that apply.
    pub budget_bytes: Option<u64>,
    /// Footprint of this process, clean file-backed pages left out.
    pub used_bytes: Option<u64>,
    /// Bytes that this process could take now without hurting itself or others.
    pub available_bytes: Option<u64>,
    /// The figures behind the three above.
    pub system: SystemReading,
}

/// The figures of the system that stand behind a [`Reading`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SystemReading {
    /// Installed memory.
    pub physical_bytes: Option<u64>,
    /// Memory that is free, or that the system gives up without swapping.
    pub free_or_reclaimable_bytes: Option<u64>,
    /// What the system itself needs: subtracted from the budget on macOS.
    pub reserved_for_system_bytes: Option<u64>,
    /// Size of the swap space. Zero means that there is none.
    pub swap_total_bytes: Option<u64>,
    /// Swap space in use.
    pub swap_used_bytes: Option<u64>,
    /// Swap space left.
    pub swap_free_bytes: Option<u64>,
    /// Virtual addresses, which have a limit of their own on Linux.
    pub address_space: AddressSpace,
    /// Every limit that was found, tightest first.
    pub limits: Vec<Limit>,
    /// How tight the system itself says that memory is.
    pub pressure_signal: Option<SystemSignal>,
    /// The file system that was asked about, if one was.
    pub disk: Option<DiskSpace>,
}

/// Virtual memory of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AddressSpace {
    /// Bytes mapped, resident or not.
    pub used_bytes: Option<u64>,
    /// The most that may be mapped (`RLIMIT_AS`); `None` if unlimited or unknown.
    pub limit_bytes: Option<u64>,
}

/// One limit on the memory of this process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// Who sets it.
    #[serde(flatten)]
    pub source: LimitSource,
    /// How many bytes it allows.
    pub bytes: u64,
}

impl Limit {
    /// Whether going past this limit is refused or fatal. The others only slow
    /// the process down: they bound what is available, not the budget.
    pub fn is_hard(&self) -> bool {
        !matches!(self.source, LimitSource::CgroupV2Throttle { .. })
    }
}

/// Who sets a limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum LimitSource {
    /// `memory.max` of a version 2 control group or one of its ancestors.
    CgroupV2 {
        /// The directory of the group.
        path: String,
    },
    /// `memory.high` of a version 2 control group: past it the kernel stalls
    /// the processes of the group until they have given memory back.
    CgroupV2Throttle {
        /// The directory of the group.
        path: String,
    },
    /// `memory.limit_in_bytes` of a version 1 control group or an ancestor.
    CgroupV1 {
        /// The directory of the group.
        path: String,
    },
    /// `RLIMIT_AS`: all that is mapped counts, resident or not.
    AddressSpace,
    /// `RLIMIT_DATA`: private writable mappings count, resident or not.
    DataSegment,
    /// Installed memory.
    Physical,
    /// The working set that the graphics stack recommends.
    RecommendedWorkingSet,
    /// The limit that iOS and its relatives set for each app.
    AppLimit,
    /// The limit that the user gives, such as with `--max-memory`.
    UserLimit,
}

impl LimitSource {
    /// Who sets it, as a part of a sentence.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::CgroupV2 { .. } | Self::CgroupV1 { .. } => "the control group",
            Self::CgroupV2Throttle { .. } => "the throttle of the control group",
            Self::AddressSpace => "RLIMIT_AS",
            Self::DataSegment => "RLIMIT_DATA",
            Self::Physical => "the installed memory",
            Self::RecommendedWorkingSet => "the graphics stack",
            Self::AppLimit => "the system's limit for this app",
            Self::UserLimit => "the limit given before",
        }
    }
}

/// The system's own word on memory pressure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SystemSignal {
    /// The level that it asks for.
    pub level: Pressure,
    /// What was measured.
    #[serde(flatten)]
    pub origin: SignalOrigin,
}

/// Where a [`SystemSignal`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
pub enum SignalOrigin {
    /// Linux pressure stall information: shares of the last ten seconds.
    PressureStall {
        /// Percent of the time in which at least one task waited for memory.
        some_percent: f64,
        /// Percent of the time in which all tasks waited for memory at once.
        full_percent: f64,
    },
    /// Apple's `kern.memorystatus_vm_pressure_level`.
    VmPressureLevel {
        /// 1 normal, 2 warning, 4 critical.
        code: i32,
    },
    /// The host passed on a warning that it received.
    Host,
}

/// The tightest hard limit.
pub(crate) fn tightest(limits: &[Limit]) -> Option<u64> {
    limits
        .iter()
        .filter(|limit| limit.is_hard())
        .map(|limit| limit.bytes)
        .min()
}

/// What is left of the budget, and no more than any of the `ceilings` allows.
/// Unknown while the budget or its use is unknown: the ceilings alone would
/// promise memory that a limit may refuse.
pub(crate) fn available(
    budget_bytes: Option<u64>,
    used_bytes: Option<u64>,
    ceilings: impl IntoIterator<Item = u64>,
) -> Option<u64> {
    let left_of_budget = budget_bytes?.saturating_sub(used_bytes?);
    Some(ceilings.into_iter().fold(left_of_budget, u64::min))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throttle_is_no_hard_limit() {
        let throttle = Limit {
            source: LimitSource::CgroupV2Throttle { path: "/a".into() },
            bytes: 10,
        };
        let physical = Limit {
            source: LimitSource::Physical,
            bytes: 20,
        };
        assert_eq!(tightest(&[throttle.clone(), physical]), Some(20));
        assert_eq!(tightest(&[throttle]), None);
    }

    #[test]
    fn available_is_the_smallest_of_all_that_bounds_it() {
        assert_eq!(available(Some(100), Some(30), []), Some(70));
        assert_eq!(available(Some(100), Some(30), [90, 40]), Some(40));
        assert_eq!(available(Some(100), Some(130), [90]), Some(0));
    }

    #[test]
    fn available_is_unknown_without_budget_or_use() {
        assert_eq!(available(None, Some(30), [90]), None);
        assert_eq!(available(Some(100), None, [90]), None);
    }

    #[test]
    fn a_limit_is_one_flat_object() {
        let limit = Limit {
            source: LimitSource::CgroupV2 { path: "/a".into() },
            bytes: 7,
        };
        let json = serde_json::to_value(limit).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"source": "cgroup_v2", "path": "/a", "bytes": 7})
        );
    }
}
