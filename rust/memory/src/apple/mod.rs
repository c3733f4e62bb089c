//! Apple systems: the kernel's figures, and what follows from them.
//!
//! The rules are plain functions over [`Figures`], so that any machine can test
//! them; only `system_calls.rs` needs an Apple system.

#[cfg(target_vendor = "apple")]
mod probe;
#[cfg(target_vendor = "apple")]
mod system_calls;

#[cfg(target_vendor = "apple")]
pub(crate) use probe::AppleProbe;

use crate::pressure::Pressure;
use crate::reading::{
    AddressSpace, Limit, LimitSource, Reading, SignalOrigin, SystemReading, SystemSignal,
    available, tightest,
};

/// What `task_info(TASK_VM_INFO)` says about this process.
#[derive(Clone, Copy, Debug)]
struct Process {
    footprint_bytes: u64,
    /// Only the probe hands it on; the rules below do without.
    #[cfg_attr(not(target_vendor = "apple"), allow(dead_code))]
    peak_footprint_bytes: Option<u64>,
    virtual_bytes: u64,
}

/// What `host_statistics64(HOST_VM_INFO64)` says about the machine, in bytes.
#[derive(Clone, Copy, Debug)]
struct Host {
    /// Free pages, those that hold files read ahead included.
    free_bytes: u64,
    /// The part of the free pages that holds files read ahead; counted once
    /// more among the file-backed pages.
    speculative_bytes: u64,
    file_backed_bytes: u64,
    purgeable_bytes: u64,
    wired_bytes: u64,
    compressor_bytes: u64,
}

/// The sysctl `vm.swapusage`.
#[derive(Clone, Copy, Debug)]
struct Swap {
    total_bytes: u64,
    used_bytes: u64,
    free_bytes: u64,
}

/// Everything that one look found.
#[derive(Clone, Copy, Debug)]
struct Figures {
    process: Process,
    /// `os_proc_available_memory()`; `None` where apps have no limit of their
    /// own (macOS, Catalyst, simulators).
    app_headroom_bytes: Option<u64>,
    physical_bytes: Option<u64>,
    host: Option<Host>,
    swap: Option<Swap>,
    pressure_level_code: Option<i32>,
}

/// What is known about the system beforehand.
#[derive(Clone, Copy, Debug, Default)]
struct Circumstances {
    recommended_working_set_bytes: Option<u64>,
    reserved_for_system_bytes: Option<u64>,
}

impl Host {
    /// What the system gives up without compressing or swapping: free pages,
    /// file-backed pages and purgeable ones.
    fn free_or_reclaimable_bytes(&self) -> u64 {
        self.free_bytes
            .saturating_sub(self.speculative_bytes)
            .saturating_add(self.file_backed_bytes)
            .saturating_add(self.purgeable_bytes)
    }

    /// What the system and the other processes hold and cannot give up: wired
    /// pages and those of the compressor. The kernel does not say whose they
    /// are, so the whole footprint of this process is taken to be among them;
    /// while that is small, as at the start, the error is small as well.
    fn needed_by_others_bytes(&self, process: &Process) -> u64 {
        self.wired_bytes
            .saturating_add(self.compressor_bytes)
            .saturating_sub(process.footprint_bytes)
    }
}

impl Figures {
    fn reading(&self, circumstances: &Circumstances) -> Reading {
        let limits = self.limits(circumstances);
        let used_bytes = Some(self.process.footprint_bytes);
        let budget_bytes = match self.app_headroom_bytes {
            Some(_) => self.app_limit_bytes(),
            None => mac_budget(&limits, circumstances),
        };
        Reading {
            budget_bytes,
            used_bytes,
            available_bytes: available(budget_bytes, used_bytes, self.ceiling()),
            system: self.system(limits, circumstances),
        }
    }

    /// What the process has and what it may still take. The headroom is zero,
    /// and known to be, once the limit is exceeded.
    fn app_limit_bytes(&self) -> Option<u64> {
        let headroom = self.app_headroom_bytes?;
        Some(self.process.footprint_bytes.saturating_add(headroom))
    }

    /// A phone keeps hardly any page free and makes room by ending other apps,
    /// so there the headroom alone decides, which is in the budget already.
    fn ceiling(&self) -> Option<u64> {
        match self.app_headroom_bytes {
            Some(_) => None,
            None => self.free_or_reclaimable_bytes(),
        }
    }

    fn free_or_reclaimable_bytes(&self) -> Option<u64> {
        self.host.map(|host| host.free_or_reclaimable_bytes())
    }

    fn limits(&self, circumstances: &Circumstances) -> Vec<Limit> {
        let recommended = match self.app_headroom_bytes {
            Some(_) => None,
            None => circumstances.recommended_working_set_bytes,
        };
        let mut limits: Vec<Limit> = [
            (LimitSource::Physical, self.physical_bytes),
            (LimitSource::RecommendedWorkingSet, recommended),
            (LimitSource::AppLimit, self.app_limit_bytes()),
        ]
        .into_iter()
        .filter_map(|(source, bytes)| bytes.map(|bytes| Limit { source, bytes }))
        .collect();
        limits.sort_by_key(|limit| limit.bytes);
        limits
    }

    fn system(&self, limits: Vec<Limit>, circumstances: &Circumstances) -> SystemReading {
        SystemReading {
            physical_bytes: self.physical_bytes,
            free_or_reclaimable_bytes: self.free_or_reclaimable_bytes(),
            reserved_for_system_bytes: circumstances.reserved_for_system_bytes,
            swap_total_bytes: self.swap.map(|swap| swap.total_bytes),
            swap_used_bytes: self.swap.map(|swap| swap.used_bytes),
            swap_free_bytes: self.swap.map(|swap| swap.free_bytes),
            address_space: AddressSpace {
                used_bytes: Some(self.process.virtual_bytes),
                limit_bytes: None,
            },
            limits,
            pressure_signal: self.pressure_level_code.and_then(signal),
            disk: None,
        }
    }
}

/// The smaller of physical memory and the recommended working set, less what
/// the system needs; unknown while that need is.
fn mac_budget(limits: &[Limit], circumstances: &Circumstances) -> Option<u64> {
    let needed = circumstances.reserved_for_system_bytes?;
    Some(tightest(limits)?.saturating_sub(needed))
}

/// The kernel's levels: 1 normal, 2 warning (it compresses and asks processes
/// to shrink), 4 critical (it ends processes next). Others are unknown.
fn signal(code: i32) -> Option<SystemSignal> {
    let level = match code {
        1 => Pressure::Low,
        2 => Pressure::High,
        4 => Pressure::Critical,
        _ => return None,
    };
    Some(SystemSignal {
        level,
        origin: SignalOrigin::VmPressureLevel { code },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// A Mac of 16 GiB: 3 GiB wired or compressed, 7 GiB free or reclaimable.
    fn mac() -> Figures {
        Figures {
            process: Process {
                footprint_bytes: GIB,
                peak_footprint_bytes: Some(2 * GIB),
                virtual_bytes: 400 * GIB,
            },
            app_headroom_bytes: None,
            physical_bytes: Some(16 * GIB),
            host: Some(Host {
                free_bytes: 2 * GIB,
                speculative_bytes: GIB,
                file_backed_bytes: 5 * GIB,
                purgeable_bytes: GIB,
                wired_bytes: 2 * GIB,
                compressor_bytes: GIB,
            }),
            swap: Some(Swap {
                total_bytes: 2 * GIB,
                used_bytes: GIB,
                free_bytes: GIB,
            }),
            pressure_level_code: Some(1),
        }
    }

    fn phone(headroom_bytes: u64) -> Figures {
        Figures {
            app_headroom_bytes: Some(headroom_bytes),
            physical_bytes: Some(8 * GIB),
            pressure_level_code: None,
            ..mac()
        }
    }

    fn reserved(bytes: u64) -> Circumstances {
        Circumstances {
            recommended_working_set_bytes: Some(12 * GIB),
            reserved_for_system_bytes: Some(bytes),
        }
    }

    #[test]
    fn others_need_what_is_wired_or_compressed_and_not_ours() {
        let figures = mac();
        let host = figures.host.unwrap();
        assert_eq!(host.needed_by_others_bytes(&figures.process), 2 * GIB);
    }

    #[test]
    fn a_mac_may_use_the_working_set_less_what_the_system_needs() {
        let reading = mac().reading(&reserved(2 * GIB));
        assert_eq!(reading.budget_bytes, Some(10 * GIB));
        assert_eq!(reading.used_bytes, Some(GIB));
        assert_eq!(
            reading.system.limits[0].source,
            LimitSource::RecommendedWorkingSet
        );
    }

    #[test]
    fn without_a_recommendation_physical_memory_bounds_a_mac() {
        let mut circumstances = reserved(2 * GIB);
        circumstances.recommended_working_set_bytes = None;
        let reading = mac().reading(&circumstances);
        assert_eq!(reading.budget_bytes, Some(14 * GIB));
    }

    #[test]
    fn a_mac_promises_no_more_than_is_free_or_reclaimable() {
        let reading = mac().reading(&reserved(2 * GIB));
        assert_eq!(reading.available_bytes, Some(7 * GIB));
        assert_eq!(reading.system.free_or_reclaimable_bytes, Some(7 * GIB));
    }

    #[test]
    fn a_need_that_is_unknown_leaves_the_budget_unknown() {
        let reading = mac().reading(&Circumstances::default());
        assert_eq!(reading.budget_bytes, None);
        assert_eq!(reading.available_bytes, None);
    }

    #[test]
    fn an_app_on_a_phone_may_use_its_footprint_and_its_headroom() {
        let reading = phone(3 * GIB).reading(&reserved(2 * GIB));
        assert_eq!(reading.budget_bytes, Some(4 * GIB));
        assert_eq!(reading.available_bytes, Some(3 * GIB));
        assert_eq!(reading.system.limits[0].source, LimitSource::AppLimit);
    }

    #[test]
    fn an_app_past_its_limit_has_nothing_left() {
        let reading = phone(0).reading(&Circumstances::default());
        assert_eq!(reading.budget_bytes, Some(GIB));
        assert_eq!(reading.available_bytes, Some(0));
    }

    #[test]
    fn figures_that_are_refused_are_unknown() {
        let mut figures = mac();
        (figures.host, figures.swap) = (None, None);
        (figures.physical_bytes, figures.pressure_level_code) = (None, None);
        let system = figures.reading(&Circumstances::default()).system;
        assert_eq!(system.free_or_reclaimable_bytes, None);
        assert_eq!(system.swap_total_bytes, None);
        assert_eq!(system.pressure_signal, None);
    }

    #[test]
    fn the_levels_of_the_kernel_become_ours() {
        assert_eq!(signal(1).unwrap().level, Pressure::Low);
        assert_eq!(signal(2).unwrap().level, Pressure::High);
        assert_eq!(signal(4).unwrap().level, Pressure::Critical);
        assert_eq!(signal(0), None);
    }
}
