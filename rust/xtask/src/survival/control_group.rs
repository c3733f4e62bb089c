//! Control groups with a memory limit and without swap, of either version.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// Where groups can be made.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    parent: PathBuf,
    files: Files,
}

/// The names that differ between the versions.
#[derive(Clone, Copy, Debug)]
struct Files {
    limit: &'static str,
    /// Bounds memory and swap together, or swap alone: either way it keeps swap out.
    swap_limit: &'static str,
    peak: &'static str,
    version: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

const VERSION_ONE: Files = Files {
    limit: "memory.limit_in_bytes",
    swap_limit: "memory.memsw.limit_in_bytes",
    peak: "memory.max_usage_in_bytes",
    version: Version::One,
};
const VERSION_TWO: Files = Files {
    limit: "memory.max",
    swap_limit: "memory.swap.max",
    peak: "memory.peak",
    version: Version::Two,
};

/// A group of our own, removed when dropped.
pub(crate) struct ControlGroup {
    directory: PathBuf,
    files: Files,
}

impl Place {
    /// In version 1 inside the own group; in version 2 at the root, because a group inside another
    /// that holds processes cannot have a limit.
    ///
    /// # Errors
    /// The reason why no group can be made; one is made and removed to find out.
    pub(crate) fn find() -> Result<Self> {
        let memberships = std::fs::read_to_string("/proc/self/cgroup")
            .context("cannot read /proc/self/cgroup")?;
        let place = match own_group(&memberships) {
            Some(parent) => Self {
                parent,
                files: VERSION_ONE,
            },
            None => Self {
                parent: root_with_memory()?,
                files: VERSION_TWO,
            },
        };
        place.group(Some(1 << 30))?;
        Ok(place)
    }

    /// Makes a group, with a limit or without.
    pub(crate) fn group(&self, limit_bytes: Option<u64>) -> Result<ControlGroup> {
        let name = format!("headroom-survival-{}", std::process::id());
        let directory = self.parent.join(name);
        std::fs::create_dir(&directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        let group = ControlGroup {
            directory,
            files: self.files,
        };
        if let Some(limit_bytes) = limit_bytes {
            group.limit(limit_bytes)?;
        }
        Ok(group)
    }
}

impl ControlGroup {
    /// Where a process writes its id to move in.
    pub(crate) fn members_file(&self) -> PathBuf {
        self.directory.join("cgroup.procs")
    }

    /// The most that was ever charged to the group; `None` where the kernel keeps no such figure.
    pub(crate) fn peak_bytes(&self) -> Option<u64> {
        let text = std::fs::read_to_string(self.directory.join(self.files.peak)).ok()?;
        text.trim().parse().ok()
    }

    fn limit(&self, limit_bytes: u64) -> Result<()> {
        self.write(self.files.limit, limit_bytes)?;
        let swap_bytes = match self.files.version {
            Version::One => limit_bytes,
            Version::Two => 0,
        };
        match self.directory.join(self.files.swap_limit).exists() {
            true => self.write(self.files.swap_limit, swap_bytes),
            false if has_swap() => {
                bail!("this kernel cannot keep swap from a group; turn swap off")
            }
            false => Ok(()),
        }
    }

    fn write(&self, file: &str, bytes: u64) -> Result<()> {
        let path = self.directory.join(file);
        std::fs::write(&path, bytes.to_string())
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Drop for ControlGroup {
    /// A group stays busy for a moment after its last process has ended.
    fn drop(&mut self) {
        for _ in 0..100 {
            if std::fs::remove_dir(&self.directory).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        eprintln!("warning: cannot remove {}", self.directory.display());
    }
}

/// The own group in the hierarchy of version 1 that limits memory.
fn own_group(memberships: &str) -> Option<PathBuf> {
    memberships.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let has_memory = controllers.split(',').any(|name| name == "memory");
        has_memory.then(|| format!("/sys/fs/cgroup/memory{path}").into())
    })
}

fn root_with_memory() -> Result<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    let enabled = std::fs::read_to_string(root.join("cgroup.subtree_control"));
    match enabled.is_ok_and(|names| names.split_whitespace().any(|name| name == "memory")) {
        true => Ok(root.to_owned()),
        false => bail!("no hierarchy is mounted that limits the memory of new groups"),
    }
}

fn has_swap() -> bool {
    // The first line is a heading.
    std::fs::read_to_string("/proc/swaps").is_ok_and(|text| text.lines().count() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_group_is_the_one_that_limits_memory() {
        let memberships = "9:cpu,cpuacct:/a\n4:memory:/b/c\n0::/\n";
        let expected = Path::new("/sys/fs/cgroup/memory/b/c");
        assert_eq!(own_group(memberships).as_deref(), Some(expected));
        assert_eq!(own_group("0::/user.slice\n"), None);
    }
}
