//! Which directories describe the control groups of this process.
//!
//! `/proc/self/cgroup` names the group, `/proc/self/mountinfo` tells which part
//! of the hierarchy can be seen and where. Both are relative to the cgroup
//! namespace, so that inside a container they can begin with `/..` or name a
//! group whose upper part is not mounted.

/// The two interfaces; a machine may have both mounted (hybrid), with the
/// memory controller in either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

/// The directories of one hierarchy: the group of this process first, then its
/// ancestors up to the root of the mount.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lineage {
    pub(super) version: Version,
    pub(super) directories: Vec<String>,
}

/// A place of this process in a hierarchy.
#[derive(Debug, PartialEq, Eq)]
struct Membership {
    version: Version,
    path: String,
}

/// A mounted part of a hierarchy.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    version: Version,
    root: String,
    point: String,
}

/// Every lineage that can carry a memory limit, from the texts of
/// `/proc/self/cgroup` and `/proc/self/mountinfo`.
pub(super) fn lineages(memberships: &str, mounts: &str) -> Vec<Lineage> {
    let mounts: Vec<Mount> = mounts.lines().filter_map(parse_mount).collect();
    memberships
        .lines()
        .filter_map(parse_membership)
        .filter_map(|membership| lineage(&membership, &mounts))
        .collect()
}

/// A line such as `4:memory:/user/shell` or, for version 2, `0::/user/shell`.
fn parse_membership(line: &str) -> Option<Membership> {
    let mut fields = line.splitn(3, ':');
    let (hierarchy, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
    let version = if hierarchy == "0" && controllers.is_empty() {
        Version::Two
    } else if has_memory_controller(controllers) {
        Version::One
    } else {
        return None;
    };
    Some(Membership {
        version,
        path: path.to_owned(),
    })
}

/// A line such as `35 31 0:32 /root /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory`;
/// a variable number of fields stands before the dash.
fn parse_mount(line: &str) -> Option<Mount> {
    let (place, kind) = line.split_once(" - ")?;
    let mut place = place.split(' ').skip(3);
    let (root, point) = (place.next()?, place.next()?);
    let mut kind = kind.split(' ');
    let (file_system, options) = (kind.next()?, kind.nth(1).unwrap_or_default());
    let version = match file_system {
        "cgroup2" => Version::Two,
        "cgroup" if has_memory_controller(options) => Version::One,
        _ => return None,
    };
    Some(Mount {
        version,
        root: unescape(root),
        point: unescape(point),
    })
}

fn has_memory_controller(list: &str) -> bool {
    list.split(',').any(|name| name == "memory")
}

/// The kernel writes blanks, line ends and backslashes of a path in octal.
fn unescape(path: &str) -> String {
    path.replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\")
}

/// Joins a membership with the mount that shows the most of its ancestors.
///
/// If no mount shows the group itself, the root of the newest stands in for it: seen
/// from a container that is normally an ancestor, and a limit too many is
/// safer than a limit overlooked.
fn lineage(membership: &Membership, mounts: &[Mount]) -> Option<Lineage> {
    let candidates = || {
        mounts
            .iter()
            .filter(|mount| mount.version == membership.version)
    };
    let directories = candidates()
        .filter_map(|mount| Some((mount, path_below(&mount.root, &membership.path)?)))
        .max_by_key(|(_, below)| below.len())
        .map(|(mount, below)| ancestors(&mount.point, &below))
        .or_else(|| Some(vec![candidates().next_back()?.point.clone()]))?;
    Some(Lineage {
        version: membership.version,
        directories,
    })
}

/// The components of `path` below `root`, `None` if it does not lie there or
/// leads through a group whose name cannot be known from here (`..`).
fn path_below<'path>(root: &str, path: &'path str) -> Option<Vec<&'path str>> {
    let mut rest = components(path);
    for expected in components(root) {
        if rest.next()? != expected {
            return None;
        }
    }
    let below: Vec<&str> = rest.collect();
    (!below.contains(&"..")).then_some(below)
}

fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|component| !component.is_empty())
}

/// The directory of the group and of each of its ancestors, innermost first.
fn ancestors(mount_point: &str, below: &[&str]) -> Vec<String> {
    let mut directory = mount_point.trim_end_matches('/').to_owned();
    let mut directories = vec![directory.clone()];
    for component in below {
        directory = format!("{directory}/{component}");
        directories.push(directory.clone());
    }
    directories.reverse();
    directories
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIFIED: &str = "31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw";

    fn directories(cgroup: &str, mountinfo: &[&str]) -> Option<Vec<String>> {
        let mounts: Vec<Mount> = mountinfo
            .iter()
            .filter_map(|line| parse_mount(line))
            .collect();
        Some(lineage(&parse_membership(cgroup)?, &mounts)?.directories)
    }

    #[test]
    fn every_ancestor_up_to_the_mount_counts() {
        assert_eq!(
            directories("0::/user.slice/shell.scope", &[UNIFIED]).unwrap(),
            [
                "/sys/fs/cgroup/user.slice/shell.scope",
                "/sys/fs/cgroup/user.slice",
                "/sys/fs/cgroup"
            ]
        );
    }

    #[test]
    fn a_group_name_may_hold_a_colon() {
        assert_eq!(
            directories("0::/a:b", &[UNIFIED]).unwrap(),
            ["/sys/fs/cgroup/a:b", "/sys/fs/cgroup"]
        );
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_root_of_the_mount() {
        let mount = "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory";
        assert_eq!(
            directories("4:cpu,memory:/docker/abc/job", &[mount]).unwrap(),
            ["/sys/fs/cgroup/memory/job", "/sys/fs/cgroup/memory"]
        );
    }

    #[test]
    fn a_prefix_counts_only_as_a_whole_component() {
        let mount = "35 31 0:32 /docker/ab /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory";
        assert_eq!(
            directories("4:memory:/docker/abc", &[mount]).unwrap(),
            ["/sys/fs/cgroup/memory"]
        );
    }

    #[test]
    fn a_mount_from_outside_the_namespace_is_followed() {
        let outer = "31 24 0:27 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw";
        assert_eq!(
            directories("0::/../../other", &[outer]).unwrap(),
            ["/sys/fs/cgroup/other", "/sys/fs/cgroup"]
        );
    }

    #[test]
    fn a_group_that_is_not_mounted_falls_back_to_the_root_of_the_mount() {
        for path in ["0::/../..", "0::/../sibling"] {
            assert_eq!(
                directories(path, &[UNIFIED]).unwrap(),
                ["/sys/fs/cgroup"],
                "{path}"
            );
        }
    }

    #[test]
    fn the_mount_that_shows_most_ancestors_wins() {
        let inner = "40 24 0:27 /a/b /mnt/inner rw - cgroup2 cgroup2 rw";
        assert_eq!(
            directories("0::/a/b/c", &[UNIFIED, inner]).unwrap().len(),
            4
        );
        assert_eq!(
            directories("0::/a/b/c", &[inner]).unwrap(),
            ["/mnt/inner/c", "/mnt/inner"]
        );
    }

    #[test]
    fn mount_points_are_unescaped() {
        let mount = "31 24 0:27 / /mnt/my\\040groups rw - cgroup2 cgroup2 rw";
        assert_eq!(directories("0::/", &[mount]).unwrap(), ["/mnt/my groups"]);
    }

    #[test]
    fn other_controllers_and_file_systems_are_passed_over() {
        assert_eq!(parse_membership("3:cpuset:/x"), None);
        assert_eq!(parse_membership("9:name=systemd:/x"), None);
        assert_eq!(parse_membership("garbage"), None);
        assert_eq!(
            parse_mount("32 31 0:29 / /c rw - cgroup cgroup rw,cpu"),
            None
        );
        assert_eq!(parse_mount("22 27 0:21 / /proc rw - proc proc rw"), None);
        assert_eq!(parse_mount("garbage"), None);
        assert_eq!(directories("0::/x", &[]), None);
    }
}
