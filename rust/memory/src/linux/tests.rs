//! Whole systems, built in a directory and read through the probe.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::pressure::Pressure;

const MIB: u64 = 1 << 20;
const UNIFIED_MOUNT: &str = "31 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
const MEMORY_MOUNT: &str = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

/// A system that a test writes file by file.
struct FakeSystem {
    root: TempDir,
}

impl FakeSystem {
    /// 4096 MiB of memory, 3000 available; a process that uses 100 MiB.
    fn new() -> Self {
        let system = Self {
            root: tempfile::tempdir().unwrap(),
        };
        system.write(
            "/proc/meminfo",
            "MemTotal: 4194304 kB\nMemAvailable: 3072000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
        );
        system.write(
            "/proc/self/status",
            "VmSize: 512000 kB\nVmHWM: 204800 kB\nRssAnon: 101376 kB\nRssFile: 51200 kB\n\
             RssShmem: 1024 kB\nVmData: 153600 kB\n",
        );
        system
    }

    fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn path(&self, absolute: &str) -> std::path::PathBuf {
        self.root.path().join(Path::new(&absolute[1..]))
    }

    /// A version 2 group; `figures` are `memory.max`, `memory.current` and the
    /// clean file pages, in MiB where they are numbers.
    fn group(&self, directory: &str, limit: &str, charged_mib: u64, clean_mib: u64) -> &Self {
        let bytes = |mib: u64| (mib * MIB).to_string();
        let limit = limit.parse().map_or_else(|_| limit.to_owned(), bytes);
        self.write(&format!("{directory}/memory.max"), &limit);
        self.write(&format!("{directory}/memory.current"), &bytes(charged_mib));
        let statistics = format!(
            "anon 1\ninactive_file {}\nactive_file 0\nfile_dirty 0\nfile_writeback 0\n",
            clean_mib * MIB
        );
        self.write(&format!("{directory}/memory.stat"), &statistics)
    }

    fn group_v1(&self, directory: &str, limit: &str, charged_mib: u64, clean_mib: u64) -> &Self {
        self.write(&format!("{directory}/memory.limit_in_bytes"), limit);
        self.write(
            &format!("{directory}/memory.usage_in_bytes"),
            &(charged_mib * MIB).to_string(),
        );
        let statistics = format!(
            "inactive_file 0\ntotal_inactive_file 0\ntotal_active_file {}\n\
             total_dirty 0\ntotal_writeback 0\n",
            clean_mib * MIB
        );
        self.write(&format!("{directory}/memory.stat"), &statistics)
    }

    fn in_group(&self, membership: &str, mounts: &str) -> &Self {
        self.write("/proc/self/cgroup", membership);
        self.write("/proc/self/mountinfo", mounts)
    }

    fn probe(&self) -> LinuxProbe {
        LinuxProbe::of(self.root.path(), ResourceLimits::default)
    }

    fn read(&self) -> Reading {
        self.probe().read().unwrap()
    }

    fn read_under(&self, resource_limits: fn() -> ResourceLimits) -> Reading {
        LinuxProbe::of(self.root.path(), resource_limits)
            .read()
            .unwrap()
    }
}

fn mib(mib: u64) -> Option<u64> {
    Some(mib * MIB)
}

#[test]
fn without_groups_physical_memory_is_the_budget() {
    let system = FakeSystem::new();
    let reading = system.read();
    assert_eq!(reading.budget_bytes, mib(4096));
    assert_eq!(reading.used_bytes, mib(100));
    assert_eq!(reading.available_bytes, mib(3000));
    assert_eq!(system.probe().peak_footprint_bytes(), mib(200));
    assert_eq!(reading.system.swap_used_bytes, Some(0));
}

#[test]
fn the_tightest_ancestor_sets_the_budget() {
    let system = FakeSystem::new();
    system
        .in_group("0::/a/b\n", UNIFIED_MOUNT)
        .group("/sys/fs/cgroup/a/b", "1024", 100, 0)
        .group("/sys/fs/cgroup/a", "512", 150, 0);
    let reading = system.read();
    assert_eq!(reading.budget_bytes, mib(512));
    let source = LimitSource::CgroupV2 {
        path: "/sys/fs/cgroup/a".into(),
    };
    assert_eq!(reading.system.limits[0].source, source);
    assert_eq!(reading.system.limits.len(), 3);
}

#[test]
fn neighbours_in_an_ancestor_lower_what_is_available() {
    let system = FakeSystem::new();
    system
        .in_group("0::/a/b\n", UNIFIED_MOUNT)
        .group("/sys/fs/cgroup/a/b", "max", 100, 0)
        .group("/sys/fs/cgroup/a", "512", 400, 50);
    let reading = system.read();
    assert_eq!(reading.budget_bytes, mib(512));
    assert_eq!(reading.available_bytes, mib(512 - (400 - 50)));
}

#[test]
fn memory_high_bounds_what_is_available_but_not_the_budget() {
    let system = FakeSystem::new();
    system
        .in_group("0::/a\n", UNIFIED_MOUNT)
        .group("/sys/fs/cgroup/a", "1024", 100, 0)
        .write("/sys/fs/cgroup/a/memory.high", &(256 * MIB).to_string());
    let reading = system.read();
    assert_eq!(reading.budget_bytes, mib(1024));
    assert_eq!(reading.available_bytes, mib(156));
    let source = LimitSource::CgroupV2Throttle {
        path: "/sys/fs/cgroup/a".into(),
    };
    assert_eq!(reading.system.limits[0].source, source);
}

#[test]
fn version_one_reads_every_ancestor_and_takes_huge_as_unlimited() {
    let system = FakeSystem::new();
    system
        .in_group("4:memory:/a/b\n3:cpu:/z\n0::/\n", MEMORY_MOUNT)
        .group_v1("/sys/fs/cgroup/memory/a/b", "9223372036854771712", 100, 0)
        .group_v1("/sys/fs/cgroup/memory/a", &(300 * MIB).to_string(), 200, 80)
        .group_v1("/sys/fs/cgroup/memory", "9223372036854771712", 900, 0);
    let reading = system.read();
    assert_eq!(reading.budget_bytes, mib(300));
    assert_eq!(reading.available_bytes, mib(300 - 120));
    assert_eq!(reading.system.limits.len(), 2);
}

#[test]
fn a_version_one_ancestor_without_hierarchy_does_not_count() {
    let system = FakeSystem::new();
    system
        .in_group("4:memory:/a/b\n", MEMORY_MOUNT)
        .group_v1(
            "/sys/fs/cgroup/memory/a/b",
            &(400 * MIB).to_string(),
            100,
            0,
        )
        .group_v1("/sys/fs/cgroup/memory/a", &(300 * MIB).to_string(), 200, 0)
        .write("/sys/fs/cgroup/memory/a/memory.use_hierarchy", "0\n");
    assert_eq!(system.read().budget_bytes, mib(400));
}

#[test]
fn a_hybrid_system_finds_the_limit_in_either_hierarchy() {
    let mounts =
        format!("{MEMORY_MOUNT}41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    let system = FakeSystem::new();
    system
        .in_group("4:memory:/a\n0::/a\n", &mounts)
        .group_v1("/sys/fs/cgroup/memory/a", &(300 * MIB).to_string(), 100, 0)
        .write("/sys/fs/cgroup/unified/a/cgroup.procs", "1\n");
    assert_eq!(system.read().budget_bytes, mib(300));
    system.group("/sys/fs/cgroup/unified/a", "200", 100, 0);
    assert_eq!(system.read().budget_bytes, mib(200));
}

#[test]
fn a_container_finds_its_limit_at_the_root_of_its_mount() {
    let mount = "31 24 0:27 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n";
    let system = FakeSystem::new();
    system
        .in_group("0::/docker/abc\n", mount)
        .group("/sys/fs/cgroup", "256", 100, 0);
    assert_eq!(system.read().budget_bytes, mib(256));
}

#[test]
fn a_group_outside_the_namespace_falls_back_to_the_root_of_the_mount() {
    let system = FakeSystem::new();
    system
        .in_group("0::/../..\n", UNIFIED_MOUNT)
        .group("/sys/fs/cgroup", "256", 100, 0);
    assert_eq!(system.read().budget_bytes, mib(256));
}

#[test]
fn a_group_that_was_removed_leaves_its_ancestors() {
    let system = FakeSystem::new();
    system
        .in_group("0::/a/gone (deleted)\n", UNIFIED_MOUNT)
        .group("/sys/fs/cgroup/a", "256", 100, 0);
    assert_eq!(system.read().budget_bytes, mib(256));
}

#[test]
fn an_address_space_limit_is_used_up_by_what_is_mapped() {
    let system = FakeSystem::new();
    let reading = system.read_under(|| ResourceLimits {
        address_space_bytes: mib(700),
        data_bytes: None,
    });
    assert_eq!(reading.budget_bytes, mib(700));
    assert_eq!(reading.available_bytes, mib(700 - 500));
    assert_eq!(reading.system.address_space.limit_bytes, mib(700));
    assert_eq!(reading.system.address_space.used_bytes, mib(500));
}

#[test]
fn a_data_limit_is_used_up_by_private_mappings() {
    let system = FakeSystem::new();
    let reading = system.read_under(|| ResourceLimits {
        address_space_bytes: None,
        data_bytes: mib(400),
    });
    assert_eq!(reading.budget_bytes, mib(400));
    assert_eq!(reading.available_bytes, mib(400 - 150));
}

#[test]
fn stalls_of_the_machine_or_of_the_group_raise_the_signal() {
    let calm = "some avg10=0.00\nfull avg10=0.00\n";
    let stalled = "some avg10=40.00\nfull avg10=30.00\n";
    let system = FakeSystem::new();
    system.in_group("0::/a\n", UNIFIED_MOUNT);
    let level = || {
        system
            .read()
            .system
            .pressure_signal
            .map(|signal| signal.level)
    };
    assert_eq!(level(), None);
    system.write("/proc/pressure/memory", calm);
    assert_eq!(level(), Some(Pressure::Low));
    system.write("/sys/fs/cgroup/a/memory.pressure", stalled);
    assert_eq!(level(), Some(Pressure::Critical));
    system.write("/sys/fs/cgroup/a/memory.pressure", calm);
    system.write("/proc/pressure/memory", stalled);
    assert_eq!(level(), Some(Pressure::Critical));
}

#[test]
fn a_figure_that_is_missing_is_unknown_and_the_others_stay() {
    let system = FakeSystem::new();
    system.write("/proc/self/status", "Name: x\n");
    let reading = system.read();
    assert_eq!(reading.budget_bytes, mib(4096));
    assert_eq!(reading.used_bytes, None);
    assert_eq!(reading.available_bytes, None);
    assert_eq!(reading.system.address_space.used_bytes, None);
    assert_eq!(system.probe().peak_footprint_bytes(), None);
}

#[test]
fn garbage_everywhere_is_unknown_everywhere() {
    let system = FakeSystem::new();
    for path in [
        "/proc/meminfo",
        "/proc/self/status",
        "/proc/pressure/memory",
        "/sys/fs/cgroup/a/memory.max",
        "/sys/fs/cgroup/a/memory.current",
        "/sys/fs/cgroup/a/memory.stat",
    ] {
        system.write(path, "\u{fffd}::: 12 - \n");
    }
    system.in_group("0::/a\n", UNIFIED_MOUNT);
    assert_eq!(system.read(), Reading::default());
}

#[test]
fn files_that_cannot_be_read_as_text_are_unknown() {
    let system = FakeSystem::new();
    fs::write(system.path("/proc/meminfo"), [0xff, 0xfe, 0x00]).unwrap();
    let reading = system.read();
    assert_eq!(reading.budget_bytes, None);
    assert_eq!(reading.used_bytes, mib(100));
}

#[test]
fn a_system_without_proc_is_an_error_that_names_the_file() {
    let root = tempfile::tempdir().unwrap();
    let probe = LinuxProbe::of(root.path(), ResourceLimits::default);
    let error = probe.read().unwrap_err();
    assert!(error.to_string().contains("/proc/self/status"), "{error}");
}

#[test]
fn a_process_that_is_moved_is_seen_in_its_new_group_by_the_same_probe() {
    let system = FakeSystem::new();
    system
        .in_group("0::/a\n", UNIFIED_MOUNT)
        .group("/sys/fs/cgroup/a", "256", 100, 0)
        .group("/sys/fs/cgroup/b", "128", 100, 0);
    let probe = system.probe();
    assert_eq!(probe.read().unwrap().budget_bytes, mib(256));
    system.write("/proc/self/cgroup", "0::/b\n");
    assert_eq!(probe.read().unwrap().budget_bytes, mib(128));
}

#[test]
fn a_limit_that_is_stepped_down_is_seen_by_the_same_probe() {
    let system = FakeSystem::new();
    system.in_group("0::/a\n", UNIFIED_MOUNT);
    let probe = system.probe();
    assert_eq!(probe.read().unwrap().budget_bytes, mib(4096));
    for limit in ["256", "128"] {
        system.group("/sys/fs/cgroup/a", limit, 100, 0);
        let expected = limit.parse().ok().and_then(mib);
        assert_eq!(probe.read().unwrap().budget_bytes, expected);
    }
}

#[test]
fn a_probe_in_use_by_another_thread_can_still_be_read() {
    let system = FakeSystem::new();
    let probe = system.probe();
    let _held = probe.last.lock().unwrap();
    assert_eq!(probe.read().unwrap().used_bytes, mib(100));
}

#[test]
fn a_forked_child_reads_files_of_its_own() {
    let system = FakeSystem::new();
    let probe = system.probe();
    probe.read().unwrap();
    fs::remove_file(system.path("/proc/meminfo")).unwrap();
    assert_eq!(probe.read().unwrap().budget_bytes, mib(4096));
    probe.last.lock().unwrap().process = 0;
    assert_eq!(probe.read().unwrap().budget_bytes, None);
}
