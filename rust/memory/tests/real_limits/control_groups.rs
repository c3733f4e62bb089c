//! Limits of real control groups, where this process may create some.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{fs, thread, time::Duration};

use serde_json::Value;

use crate::{MIB, bytes, reading_example, state, tightest};

const LIMIT: u64 = 256 * MIB;

/// A group with a limit, and groups without one inside it. Removed at the end.
struct LimitedGroup {
    directory: PathBuf,
    interface: Interface,
}

/// The names that differ between the versions.
#[derive(Clone, Copy)]
struct Interface {
    limit_file: &'static str,
    charge_file: &'static str,
    source: &'static str,
}

const VERSION_ONE: Interface = Interface {
    limit_file: "memory.limit_in_bytes",
    charge_file: "memory.usage_in_bytes",
    source: "cgroup_v1",
};
const VERSION_TWO: Interface = Interface {
    limit_file: "memory.max",
    charge_file: "memory.current",
    source: "cgroup_v2",
};

impl LimitedGroup {
    /// `None` after a line that says why this machine does not allow it.
    fn create(name: &str) -> Option<Self> {
        match Self::try_create(name) {
            Ok(group) => Some(group),
            // Written past the capture of the test harness, so that it shows.
            Err(reason) => {
                let _ = writeln!(io::stderr(), "skipped: control group test {name}: {reason}");
                None
            }
        }
    }

    fn try_create(name: &str) -> Result<Self, String> {
        let (parent, interface) = place_for_groups()?;
        let directory = parent.join(format!("headroom-{name}-{}", std::process::id()));
        fs::create_dir(&directory)
            .map_err(|error| format!("cannot create {}: {error}", directory.display()))?;
        let group = Self {
            directory,
            interface,
        };
        if interface.source == VERSION_TWO.source {
            group.write("cgroup.subtree_control", "+memory")?;
        }
        group.write(interface.limit_file, &LIMIT.to_string())?;
        Ok(group)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let file = self.directory.join(name);
        fs::write(&file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
    }

    /// A group inside, without a limit of its own.
    fn inner(&self, name: &str) -> PathBuf {
        let directory = self.directory.join(name);
        fs::create_dir_all(&directory).unwrap();
        directory
    }

    fn charged_bytes(&self) -> u64 {
        let file = self.directory.join(self.interface.charge_file);
        fs::read_to_string(file).unwrap().trim().parse().unwrap()
    }
}

impl Drop for LimitedGroup {
    fn drop(&mut self) {
        let inner = fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten();
        for entry in inner.filter(|entry| entry.path().is_dir()) {
            remove_group(&entry.path());
        }
        remove_group(&self.directory);
    }
}

/// A group stays busy for a moment after its last process has ended.
fn remove_group(directory: &Path) {
    for _ in 0..50 {
        if fs::remove_dir(directory).is_ok() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Where groups with a memory limit can be created: inside the own group in
/// version 1; at the root in version 2, where inner groups hold no processes.
fn place_for_groups() -> Result<(PathBuf, Interface), String> {
    let memberships = fs::read_to_string("/proc/self/cgroup").map_err(|error| error.to_string())?;
    let own_v1 = memberships.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let has_memory = controllers.split(',').any(|name| name == "memory");
        has_memory.then(|| format!("/sys/fs/cgroup/memory{path}"))
    });
    if let Some(directory) = own_v1 {
        return Ok((directory.into(), VERSION_ONE));
    }
    let root = PathBuf::from("/sys/fs/cgroup");
    let enabled = fs::read_to_string(root.join("cgroup.subtree_control")).unwrap_or_default();
    match enabled.split_whitespace().any(|name| name == "memory") {
        true => Ok((root, VERSION_TWO)),
        false => Err("no hierarchy with a memory controller for new groups is mounted".into()),
    }
}

/// A shell that moves into the group before it runs the script.
fn shell_in(group: &Path, script: &str) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("echo $$ > \"$0/cgroup.procs\" && {script}");
    shell.arg("-c").arg(script).arg(group);
    shell
}

fn reading_in(group: &Path, arguments: &[&str]) -> Command {
    let mut shell = shell_in(group, "exec \"$@\"");
    shell.arg(reading_example()).args(arguments);
    shell
}

fn read_in(group: &Path) -> Value {
    state(&reading_in(group, &[]).output().unwrap())
}

/// A process that holds memory until it is dropped.
struct Holder(Child);

impl Holder {
    fn start(group: &Path, held_bytes: u64) -> Self {
        let mut child = reading_in(group, &["--take", &held_bytes.to_string(), "--hold"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        assert!(line.starts_with('{'), "the holder did not start: {line}");
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[test]
fn the_limit_of_an_ancestor_is_the_budget() {
    let Some(group) = LimitedGroup::create("ancestor") else {
        return;
    };
    let state = read_in(&group.inner("inner"));
    assert_eq!(tightest(&state), (group.interface.source, LIMIT));
    let path = state["system"]["limits"][0]["path"].as_str().unwrap();
    assert_eq!(Path::new(path), group.directory);
    assert_eq!(bytes(&state, "budget_bytes"), LIMIT);
    assert!(bytes(&state, "available_bytes") > LIMIT / 2);
}

#[test]
fn a_neighbour_lowers_what_is_available_but_not_the_budget() {
    let Some(group) = LimitedGroup::create("neighbour") else {
        return;
    };
    let _neighbour = Holder::start(&group.inner("neighbour"), 100 * MIB);
    let state = read_in(&group.inner("inner"));
    assert_eq!(bytes(&state, "budget_bytes"), LIMIT);
    let available = bytes(&state, "available_bytes");
    let expected = LIMIT - 120 * MIB..=LIMIT - 100 * MIB;
    assert!(expected.contains(&available), "{available}");
}

#[test]
fn clean_file_pages_do_not_lower_what_is_available() {
    let Some(group) = LimitedGroup::create("files") else {
        return;
    };
    let inner = group.inner("inner");
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("model");
    let script = "head -c 157286400 /dev/zero > \"$1\" && sync \"$1\"";
    let written = shell_in(&inner, script).arg(&file).status().unwrap();
    assert!(written.success());
    assert!(group.charged_bytes() > 140 * MIB, "nothing was cached");
    // The kernel may add up a group's figures as late as two seconds after.
    let read = || bytes(&read_in(&inner), "available_bytes");
    let settled = (0..20).map(|_| read()).find(|available| {
        let is_settled = *available > LIMIT - 30 * MIB;
        if !is_settled {
            thread::sleep(Duration::from_millis(500));
        }
        is_settled
    });
    assert!(settled.is_some(), "{}", read());
}

#[test]
fn what_is_available_can_be_taken() {
    let Some(group) = LimitedGroup::create("take") else {
        return;
    };
    let inner = group.inner("inner");
    let _neighbour = Holder::start(&group.inner("neighbour"), 100 * MIB);
    let available = bytes(&read_in(&inner), "available_bytes");
    let taken = (available - 8 * MIB).to_string();
    let output = reading_in(&inner, &["--take", &taken]).output().unwrap();
    let full = state(&output);
    assert!(bytes(&full, "available_bytes") < 16 * MIB, "{full}");
}
