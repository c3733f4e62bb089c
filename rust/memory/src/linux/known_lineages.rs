//! The control groups of this process, worked out again only when they change.

use std::cell::RefCell;
use std::fs::File;
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::cgroup_paths::{Lineage, lineages};
use super::system_files::SystemFiles;

/// Remembers the lineages for as long as `/proc/self/cgroup` says the same and
/// nothing was mounted or unmounted.
///
/// Reading `mountinfo` costs more than all other files together. The kernel
/// marks an open one when the mounts of its namespace change, which `poll`
/// tells for a microsecond. A process that moves to another mount namespace
/// keeps being told about the one where it began.
#[derive(Debug, Default)]
pub(super) struct KnownLineages {
    known: RefCell<Option<Known>>,
}

#[derive(Debug)]
struct Known {
    memberships: String,
    mounts: File,
    lineages: Arc<[Lineage]>,
}

impl KnownLineages {
    pub(super) fn get(&self, files: &SystemFiles) -> Arc<[Lineage]> {
        let memberships = files.read("/proc/self/cgroup").unwrap_or_default();
        let mut known = self.known.borrow_mut();
        match &*known {
            Some(known) if known.holds(&memberships) => Arc::clone(&known.lineages),
            _ => {
                let (lineages, new) = work_out(files, memberships);
                *known = new;
                lineages
            }
        }
    }
}

impl Known {
    fn holds(&self, memberships: &str) -> bool {
        self.memberships == memberships && !has_changed(&self.mounts)
    }
}

/// `mountinfo` is opened before it is read, so that no change falls between.
fn work_out(files: &SystemFiles, memberships: String) -> (Arc<[Lineage]>, Option<Known>) {
    let path = files.locate("/proc/self/mountinfo");
    let mounts = File::open(&path);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let lineages: Arc<[Lineage]> = lineages(&memberships, &text).into();
    let known = mounts.ok().map(|mounts| Known {
        memberships,
        mounts,
        lineages: Arc::clone(&lineages),
    });
    (lineages, known)
}

/// Whether mounts changed since the last call. A kernel that cannot say is
/// taken to have changed them.
fn has_changed(mounts: &File) -> bool {
    let mut asked = [PollFd::new(mounts, PollFlags::PRI)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let changed = PollFlags::PRI | PollFlags::ERR;
    match poll(&mut asked, Some(&at_once)) {
        Ok(_) => asked[0].revents().intersects(changed),
        Err(_) => true,
    }
}
