//! Everything that is done to a disk while a checkpoint is written, as one seam: tests put a disk
//! underneath that fails or stops at any operation.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// What changes a disk. Every call is one operation.
pub(super) trait Disk: Send {
    /// Makes a directory, and those around it where they are missing.
    fn make_directory(&self, path: &Path) -> io::Result<()>;

    /// Makes an empty file, in the place of one that is there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a second name to a file.
    fn link(&self, file: &Path, name: &Path) -> io::Result<()>;

    /// Gives a file or directory another name, at once.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Sees to it that the names in a directory outlast a power cut.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;

    /// Deletes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Deletes an empty directory.
    fn remove_directory(&self, path: &Path) -> io::Result<()>;
}

/// A file that is being written.
pub(super) trait DiskFile: Write {
    /// Sees to it that all that was written outlasts a power cut.
    fn sync(&mut self) -> io::Result<()>;
}

/// The disk that there is.
pub(super) struct SystemDisk;

impl Disk for SystemDisk {
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(File::create(path)?))
    }

    fn link(&self, file: &Path, name: &Path) -> io::Result<()> {
        fs::hard_link(file, name)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        sync(&File::open(path)?)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }
}

impl DiskFile for File {
    fn sync(&mut self) -> io::Result<()> {
        sync(self)
    }
}

/// On Apple's systems `fsync` leaves bytes in the drive's own cache, which a power cut empties. Some
/// network volumes know nothing better.
#[cfg(target_vendor = "apple")]
fn sync(file: &File) -> io::Result<()> {
    Ok(rustix::fs::fcntl_fullfsync(file).or_else(|_| rustix::fs::fsync(file))?)
}

#[cfg(not(target_vendor = "apple"))]
fn sync(file: &File) -> io::Result<()> {
    Ok(rustix::fs::fsync(file)?)
}

/// Deletes a directory with all that is in it, an operation at a time. Links are deleted, not followed.
pub(super) fn remove_tree(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => remove_tree(disk, &entry.path())?,
            false => disk.remove_file(&entry.path())?,
        }
    }
    disk.remove_directory(path)
}
