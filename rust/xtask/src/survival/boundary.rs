//! The two kinds of limit, and how a program is put inside one.

use std::ffi::OsStr;
use std::fmt;
use std::process::Command;

use anyhow::Result;

use super::control_group::{ControlGroup, Place};
use super::process_status::Peaks;

/// A kind of limit.
#[derive(Clone, Debug)]
pub(crate) enum Boundary {
    /// Memory that is resident and cannot be reclaimed; past it, the kernel kills.
    ControlGroup(Place),
    /// All that is mapped, as `ulimit -v` sets it; past it, allocations fail.
    AddressSpace,
}

/// One limit, which holds a program from its first instruction on.
pub(crate) enum Confinement {
    ControlGroup(ControlGroup),
    AddressSpace { limit_bytes: Option<u64> },
}

impl Boundary {
    /// Sets a limit up, or none, to measure what it would count.
    pub(crate) fn confine(&self, limit_bytes: Option<u64>) -> Result<Confinement> {
        Ok(match self {
            Self::ControlGroup(place) => Confinement::ControlGroup(place.group(limit_bytes)?),
            Self::AddressSpace => Confinement::AddressSpace { limit_bytes },
        })
    }
}

impl fmt::Display for Boundary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ControlGroup(_) => "control group",
            Self::AddressSpace => "address space",
        })
    }
}

impl Confinement {
    /// A shell that confines itself and then becomes the program, so that all of it is inside.
    pub(crate) fn command(&self, program: &OsStr) -> Command {
        let mut shell = Command::new("sh");
        match self {
            Self::ControlGroup(group) => shell
                .args(["-c", "echo $$ > \"$0\" && exec \"$@\""])
                .arg(group.members_file()),
            Self::AddressSpace { limit_bytes } => {
                let limit = limit_bytes.map_or_else(
                    || "unlimited".to_owned(),
                    |bytes| (bytes / 1024).to_string(),
                );
                shell.args(["-c", "ulimit -v \"$0\" && exec \"$@\"", &limit])
            }
        };
        shell.arg(program);
        shell
    }

    /// The peak as this kind of limit counts it, for a program that has ended.
    pub(crate) fn peak_bytes(&self, peaks: Peaks) -> Option<u64> {
        match self {
            Self::ControlGroup(group) => group.peak_bytes(),
            Self::AddressSpace { .. } => peaks.mapped_bytes,
        }
    }
}
