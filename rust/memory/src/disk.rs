//! Room on the disk, which decides what can be downloaded or written.

use std::path::Path;

use serde::Serialize;

/// The file system that holds a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DiskSpace {
    /// Size of the file system.
    pub total_bytes: u64,
    /// Bytes that this user may still write (`statvfs` `f_bavail`), which is
    /// less than what is free where some is kept for the administrator.
    pub available_bytes: u64,
}

/// The space of the file system that holds `path`, which must exist. `None` if
/// the system does not tell.
pub fn disk_space(path: &Path) -> Option<DiskSpace> {
    let figures = rustix::fs::statvfs(path).ok()?;
    Some(DiskSpace {
        total_bytes: figures.f_blocks.checked_mul(figures.f_frsize)?,
        available_bytes: figures.f_bavail.checked_mul(figures.f_frsize)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_space_below_a_directory() {
        let folder = tempfile::tempdir().unwrap();
        let space = disk_space(folder.path()).unwrap();
        assert!(space.total_bytes > 0);
        assert!(space.available_bytes <= space.total_bytes);
    }

    #[test]
    fn a_path_that_does_not_exist_has_no_space() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(disk_space(&folder.path().join("missing")), None);
    }
}
