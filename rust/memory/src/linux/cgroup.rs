//! What the control groups of this process allow, and what they have left.

use super::cgroup_paths::{Lineage, Version};
use super::pressure_stall::MemoryStall;
use super::system_files::SystemFiles;
use crate::reading::{Limit, LimitSource};

/// All control groups that bear on this process: its own and every ancestor,
/// since a limit holds for everything below it.
#[derive(Debug, Default)]
pub(super) struct ControlGroups {
    groups: Vec<ControlGroup>,
    pub(super) stall: Option<MemoryStall>,
}

/// One group. Its figures count all of its processes, not this one alone.
#[derive(Debug, PartialEq, Eq)]
struct ControlGroup {
    version: Version,
    directory: String,
    limit_bytes: Option<u64>,
    throttle_bytes: Option<u64>,
    /// Read only where there is a limit to compare it with.
    charge: Option<Charge>,
}

/// What a group holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Charge {
    bytes: u64,
    reclaimable_bytes: Option<u64>,
}

/// The names of a version's files, and of the lines of its statistics that
/// [`clean_file_bytes`] needs.
struct Names {
    limit: &'static str,
    throttle: Option<&'static str>,
    charged: &'static str,
    statistics: [&'static str; 4],
}

const VERSION_ONE: Names = Names {
    limit: "memory.limit_in_bytes",
    throttle: None,
    charged: "memory.usage_in_bytes",
    statistics: [
        "total_inactive_file",
        "total_active_file",
        "total_dirty",
        "total_writeback",
    ],
};

const VERSION_TWO: Names = Names {
    limit: "memory.max",
    throttle: Some("memory.high"),
    charged: "memory.current",
    statistics: [
        "inactive_file",
        "active_file",
        "file_dirty",
        "file_writeback",
    ],
};

impl ControlGroups {
    pub(super) fn read(files: &SystemFiles, lineages: &[Lineage]) -> Self {
        Self {
            stall: lineages.iter().find_map(|lineage| stall(files, lineage)),
            groups: lineages
                .iter()
                .flat_map(|lineage| groups_of(files, lineage))
                .collect(),
        }
    }

    /// Every limit of every group, throttles included.
    pub(super) fn limits(&self) -> impl Iterator<Item = Limit> {
        self.groups.iter().flat_map(ControlGroup::limits)
    }

    /// What each limit has left, once the kernel has dropped clean file pages.
    pub(super) fn remaining_bytes(&self) -> impl Iterator<Item = u64> {
        self.groups.iter().flat_map(ControlGroup::remaining_bytes)
    }
}

/// The stalls of the group's own processes, whichever limit caused them. Only
/// version 2 counts them.
fn stall(files: &SystemFiles, lineage: &Lineage) -> Option<MemoryStall> {
    if lineage.version == Version::One {
        return None;
    }
    lineage
        .directories
        .iter()
        .find_map(|directory| files.read(&format!("{directory}/memory.pressure")))
        .and_then(|text| MemoryStall::parse(&text))
}

fn groups_of(files: &SystemFiles, lineage: &Lineage) -> Vec<ControlGroup> {
    let own_or_charged = |(depth, directory): &(usize, &String)| {
        *depth == 0 || charges_descendants(files, lineage.version, directory)
    };
    lineage
        .directories
        .iter()
        .enumerate()
        .take_while(own_or_charged)
        .map(|(_, directory)| read_group(files, lineage.version, directory))
        .collect()
}

/// Version 1 lets an ancestor leave its descendants out of its account.
fn charges_descendants(files: &SystemFiles, version: Version, directory: &str) -> bool {
    let opted_out = || {
        files
            .read(&format!("{directory}/memory.use_hierarchy"))
            .is_some_and(|text| text.trim() == "0")
    };
    version == Version::Two || !opted_out()
}

fn read_group(files: &SystemFiles, version: Version, directory: &str) -> ControlGroup {
    let names = match version {
        Version::One => VERSION_ONE,
        Version::Two => VERSION_TWO,
    };
    let file = |name| files.read(&format!("{directory}/{name}"));
    let limit = file(names.limit);
    let limit_bytes = limit
        .as_deref()
        .and_then(parse_bytes)
        .filter(|limit| *limit < UNLIMITED_BYTES);
    // Both files come with the memory controller: where the one is missing, so is the other.
    let throttle = limit.and(names.throttle).and_then(file);
    let throttle_bytes = throttle.as_deref().and_then(parse_bytes);
    let is_limited = limit_bytes.or(throttle_bytes).is_some();
    ControlGroup {
        version,
        directory: directory.to_owned(),
        limit_bytes,
        throttle_bytes,
        charge: is_limited
            .then(|| read_charge(files, directory, &names))
            .flatten(),
    }
}

fn read_charge(files: &SystemFiles, directory: &str, names: &Names) -> Option<Charge> {
    let file = |name| files.read(&format!("{directory}/{name}"));
    Some(Charge {
        bytes: parse_bytes(&file(names.charged)?)?,
        reclaimable_bytes: file("memory.stat")
            .and_then(|text| clean_file_bytes(&text, names.statistics)),
    })
}

/// Version 1 writes "unlimited" as the largest signed number of whole pages,
/// which depends on the page size; nothing real comes near half of it.
const UNLIMITED_BYTES: u64 = 1 << 62;

/// A number of bytes; "max" and garbage are no limit that is known.
fn parse_bytes(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// File pages that can be dropped without writing: both lists of file pages,
/// less those that are dirty or under way to the disk. Active pages count,
/// because a model file that was read twice is active and yet can be dropped.
fn clean_file_bytes(statistics: &str, names: [&str; 4]) -> Option<u64> {
    let value = |name: &str| {
        let fields = statistics
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        parse_bytes(fields?)
    };
    let [inactive, active, dirty, writeback] = names.map(value);
    let cached = inactive?.checked_add(active?)?;
    Some(cached.saturating_sub(dirty?.checked_add(writeback?)?))
}

impl ControlGroup {
    fn limits(&self) -> impl Iterator<Item = Limit> {
        let path = || self.directory.clone();
        let hard = self.limit_bytes.map(|bytes| Limit {
            source: match self.version {
                Version::One => LimitSource::CgroupV1 { path: path() },
                Version::Two => LimitSource::CgroupV2 { path: path() },
            },
            bytes,
        });
        let throttle = self.throttle_bytes.map(|bytes| Limit {
            source: LimitSource::CgroupV2Throttle { path: path() },
            bytes,
        });
        hard.into_iter().chain(throttle)
    }

    /// Without statistics nothing counts as reclaimable: rather too little.
    fn remaining_bytes(&self) -> impl Iterator<Item = u64> {
        let kept = self.charge.map(|charge| {
            let reclaimable = charge.reclaimable_bytes.unwrap_or(0);
            charge.bytes.saturating_sub(reclaimable)
        });
        [self.limit_bytes, self.throttle_bytes]
            .into_iter()
            .filter_map(move |limit| Some(limit?.saturating_sub(kept?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATISTICS: &str = "anon 100\nfile 900\ninactive_file 300\nactive_file 200\n\
                              file_dirty 40\nfile_writeback 10\n";
    const NAMES: [&str; 4] = VERSION_TWO.statistics;

    fn group(limit: Option<u64>, throttle: Option<u64>, charged: Option<u64>) -> ControlGroup {
        ControlGroup {
            version: Version::Two,
            directory: "/g".into(),
            limit_bytes: limit,
            throttle_bytes: throttle,
            charge: charged.map(|bytes| Charge {
                bytes,
                reclaimable_bytes: Some(50),
            }),
        }
    }

    #[test]
    fn clean_file_pages_are_both_lists_less_what_must_be_written() {
        assert_eq!(clean_file_bytes(STATISTICS, NAMES), Some(450));
    }

    #[test]
    fn statistics_that_lack_a_figure_are_unknown() {
        assert_eq!(clean_file_bytes("inactive_file 300\n", NAMES), None);
        assert_eq!(clean_file_bytes("", NAMES), None);
    }

    #[test]
    fn max_and_garbage_are_no_limit_but_zero_is() {
        assert_eq!(parse_bytes("max\n"), None);
        assert_eq!(parse_bytes("-1\n"), None);
        assert_eq!(parse_bytes("\n"), None);
        assert_eq!(parse_bytes("0\n"), Some(0));
        assert_eq!(parse_bytes("268435456\n"), Some(268_435_456));
    }

    #[test]
    fn what_remains_leaves_reclaimable_pages_out_of_the_charge() {
        let remaining = |group: ControlGroup| group.remaining_bytes().collect::<Vec<_>>();
        assert_eq!(remaining(group(Some(1000), None, Some(400))), [650]);
        assert_eq!(
            remaining(group(Some(1000), Some(500), Some(400))),
            [650, 150]
        );
        assert_eq!(remaining(group(Some(100), None, Some(400))), [0]);
        assert!(remaining(group(Some(100), None, None)).is_empty());
        assert!(remaining(group(None, None, Some(400))).is_empty());
    }
}
