//! Linux: `/proc` and the control groups, read as plain files.

mod cgroup;
mod cgroup_paths;
mod known_lineages;
mod pressure_stall;
mod proc_files;
mod resource_limits;
mod system_files;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Mutex;

use cgroup::ControlGroups;
use known_lineages::KnownLineages;
use pressure_stall::MemoryStall;
use proc_files::{MachineMemory, ProcessStatus};
use resource_limits::ResourceLimits;
use system_files::SystemFiles;

use crate::error::ProbeError;
use crate::reading::{
    AddressSpace, Limit, LimitSource, Reading, SystemReading, SystemSignal, available, tightest,
};

const STATUS: &str = "/proc/self/status";

/// Reads a Linux system, the real one or one that a test has built.
#[derive(Debug)]
pub(crate) struct LinuxProbe {
    root: PathBuf,
    resource_limits: fn() -> ResourceLimits,
    last: Mutex<Look>,
}

/// What one look leaves for the next, so that it costs less.
#[derive(Debug)]
struct Look {
    process: u32,
    files: SystemFiles,
    lineages: KnownLineages,
}

/// Everything that one look found.
struct Findings {
    process: ProcessStatus,
    machine: MachineMemory,
    resource_limits: ResourceLimits,
    groups: ControlGroups,
}

impl LinuxProbe {
    pub(crate) fn new() -> Self {
        Self::of("/", ResourceLimits::of_this_process)
    }

    fn of(root: impl Into<PathBuf>, resource_limits: fn() -> ResourceLimits) -> Self {
        let root = root.into();
        Self {
            last: Mutex::new(Look::first(root.clone())),
            root,
            resource_limits,
        }
    }

    /// The kernel's limits say everything here.
    pub(crate) fn set_recommended_working_set(&mut self, _bytes: u64) {}

    pub(crate) fn peak_footprint_bytes(&self) -> Option<u64> {
        let files = SystemFiles::at(self.root.clone());
        ProcessStatus::parse(&files.read(STATUS)?).peak_resident_bytes
    }

    /// A thread that finds another one looking does not wait, but looks anew: a
    /// forked child may find the lock held for ever, by a thread that it lacks.
    pub(crate) fn read(&self) -> Result<Reading, ProbeError> {
        let resource_limits = (self.resource_limits)();
        let Ok(mut last) = self.last.try_lock() else {
            return Look::first(self.root.clone()).read(resource_limits);
        };
        if last.process != std::process::id() {
            *last = Look::first(self.root.clone());
        }
        last.read(resource_limits)
    }
}

impl Look {
    fn first(root: PathBuf) -> Self {
        Self {
            process: std::process::id(),
            files: SystemFiles::at(root),
            lineages: KnownLineages::default(),
        }
    }

    fn read(&self, resource_limits: ResourceLimits) -> Result<Reading, ProbeError> {
        let status = self.files.try_read(STATUS);
        let machine = self.files.read("/proc/meminfo");
        let process = match (&status, &machine) {
            (Ok(text), _) => ProcessStatus::parse(text),
            (Err(_), Some(_)) => ProcessStatus::default(),
            (Err(_), None) => return Err(self.nothing_readable(status)),
        };
        let findings = Findings {
            process,
            machine: MachineMemory::parse(&machine.unwrap_or_default()),
            resource_limits,
            groups: ControlGroups::read(&self.files, &self.lineages.get(&self.files)),
        };
        Ok(findings.reading(self.stall(&findings.groups)))
    }

    fn nothing_readable(&self, status: std::io::Result<String>) -> ProbeError {
        let path = self.files.locate(STATUS);
        let source = status
            .err()
            .unwrap_or_else(|| std::io::ErrorKind::NotFound.into());
        ProbeError::ProcUnreadable { path, source }
    }

    /// The worse of what the machine and the group of this process suffer.
    fn stall(&self, groups: &ControlGroups) -> Option<MemoryStall> {
        let machine = self
            .files
            .read("/proc/pressure/memory")
            .and_then(|text| MemoryStall::parse(&text));
        match (machine, groups.stall) {
            (Some(machine), Some(group)) => Some(machine.worse(group)),
            (machine, group) => machine.or(group),
        }
    }
}

impl Findings {
    fn reading(&self, stall: Option<MemoryStall>) -> Reading {
        let limits = self.limits();
        let budget_bytes = tightest(&limits);
        let used_bytes = self.process.private_resident_bytes();
        Reading {
            budget_bytes,
            used_bytes,
            available_bytes: available(budget_bytes, used_bytes, self.ceilings()),
            system: self.system(limits, stall.map(MemoryStall::signal)),
        }
    }

    fn limits(&self) -> Vec<Limit> {
        let of = |source, bytes: Option<u64>| bytes.map(|bytes| Limit { source, bytes });
        let mut limits: Vec<Limit> = self
            .groups
            .limits()
            .chain(of(LimitSource::Physical, self.machine.total_bytes))
            .chain(of(
                LimitSource::AddressSpace,
                self.resource_limits.address_space_bytes,
            ))
            .chain(of(
                LimitSource::DataSegment,
                self.resource_limits.data_bytes,
            ))
            .collect();
        limits.sort_by_key(|limit| limit.bytes);
        limits
    }

    /// What each limit has left, counted the way that limit counts: a control
    /// group counts all its processes, `RLIMIT_AS` everything mapped,
    /// `RLIMIT_DATA` what is mapped privately and writable.
    fn ceilings(&self) -> impl Iterator<Item = u64> {
        let left = |limit: Option<u64>, used: Option<u64>| Some(limit?.saturating_sub(used?));
        let limits = &self.resource_limits;
        self.groups
            .remaining_bytes()
            .chain(self.machine.available_bytes)
            .chain(left(limits.address_space_bytes, self.process.virtual_bytes))
            .chain(left(limits.data_bytes, self.process.data_bytes))
    }

    fn system(&self, limits: Vec<Limit>, pressure_signal: Option<SystemSignal>) -> SystemReading {
        SystemReading {
            physical_bytes: self.machine.total_bytes,
            free_or_reclaimable_bytes: self.machine.available_bytes,
            reserved_for_system_bytes: None,
            swap_total_bytes: self.machine.swap_total_bytes,
            swap_used_bytes: self.machine.swap_used_bytes(),
            swap_free_bytes: self.machine.swap_free_bytes,
            address_space: AddressSpace {
                used_bytes: self.process.virtual_bytes,
                limit_bytes: self.resource_limits.address_space_bytes,
            },
            limits,
            pressure_signal,
            disk: None,
        }
    }
}
