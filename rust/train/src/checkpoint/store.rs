//! The checkpoints of a run, of which the newest whole one is never in danger.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::disk::{Disk, SystemDisk, remove_tree};
use super::error::{CheckpointError, Standing, not_saved};
use super::layout::{
    LOCK, REMOVING, REPLACED, WRITING, names, step_name, step_of, step_path, steps,
};
use super::saved::SavedCheckpoint;
use super::snapshot::Snapshot;
use super::writing::write_directory;

/// A directory of checkpoints. While it lives, no other process saves there.
pub struct CheckpointStore {
    directory: PathBuf,
    keep: Option<NonZeroUsize>,
    disk: Box<dyn Disk>,
    _lock: File,
}

/// What to resume from.
#[derive(Debug)]
pub struct Latest {
    /// The newest checkpoint that verifies; `None` where there is none.
    pub checkpoint: Option<SavedCheckpoint>,
    /// Newer ones that do not, newest first.
    pub passed_over: Vec<PassedOver>,
}

/// A checkpoint that cannot be resumed from.
#[derive(Debug)]
pub struct PassedOver {
    /// Where it lies.
    pub directory: PathBuf,
    /// Why not.
    pub reason: CheckpointError,
}

impl CheckpointStore {
    /// Opens the checkpoints in `directory`, which is made where it is missing, and clears what an
    /// interrupted save left. With `keep`, each save deletes all but that many of the newest.
    ///
    /// # Errors
    /// When another process saves there, or the directory cannot be written.
    pub fn open(directory: &Path, keep: Option<NonZeroUsize>) -> Result<Self, CheckpointError> {
        Self::on(Box::new(SystemDisk), directory, keep)
    }

    pub(super) fn on(
        disk: Box<dyn Disk>,
        directory: &Path,
        keep: Option<NonZeroUsize>,
    ) -> Result<Self, CheckpointError> {
        let made = fs::create_dir_all(directory);
        made.map_err(unusable("make the directory", directory))?;
        let store = Self {
            _lock: lock(directory)?,
            directory: directory.to_owned(),
            keep,
            disk,
        };
        let cleared = store.clear_leftovers();
        cleared.map_err(unusable("clear", directory))?;
        Ok(store)
    }

    /// Saves a snapshot and gives its directory. It is there, whole and on disk, when this returns;
    /// older ones that need not be kept go afterwards. If they cannot be deleted, the next save tries
    /// again.
    ///
    /// # Errors
    /// When it cannot be written. Then all that stood before still stands, and the error says so.
    pub fn save(&mut self, snapshot: &Snapshot<'_>) -> Result<PathBuf, CheckpointError> {
        let standing = self.newest_step();
        let step = snapshot.state.step;
        let saved = self.write_and_name(snapshot);
        saved.map_err(|error| beside(error, standing, &step_path(&self.directory, step)))?;
        drop(self.delete_old(step));
        Ok(step_path(&self.directory, step))
    }

    /// The newest checkpoint that verifies, and which newer ones were passed over, and why.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn latest(&self) -> Result<Latest, CheckpointError> {
        let found = steps(&self.directory);
        let found = found.map_err(unusable("read", &self.directory))?;
        let mut passed_over = Vec::new();
        for step in found.into_iter().rev() {
            let directory = step_path(&self.directory, step);
            match open_step(&directory, step) {
                Ok(checkpoint) => {
                    return Ok(Latest {
                        checkpoint: Some(checkpoint),
                        passed_over,
                    });
                }
                Err(reason) => passed_over.push(PassedOver { directory, reason }),
            }
        }
        Ok(Latest {
            checkpoint: None,
            passed_over,
        })
    }

    fn newest_step(&self) -> Option<u64> {
        steps(&self.directory).ok()?.pop()
    }

    fn write_and_name(&self, snapshot: &Snapshot<'_>) -> Result<(), CheckpointError> {
        let cleared = self.clear_leftovers();
        cleared.map_err(|error| not_saved("clear", &self.directory, error))?;
        let name = step_name(snapshot.state.step);
        let beside = self.named(WRITING, &name);
        let written = write_directory(&*self.disk, &beside, snapshot).and_then(|()| {
            let path = self.directory.join(&name);
            let named = self.name_it(&beside, &name);
            named.map_err(|error| not_saved("name", &path, error))
        });
        if written.is_err() {
            // What is left, the next save clears.
            drop(self.clear_leftovers());
        }
        written
    }

    /// Another of the same step stays under a name of its own until this one has its place.
    fn name_it(&self, beside: &Path, name: &str) -> io::Result<()> {
        let path = self.directory.join(name);
        let replaced = self.named(REPLACED, name);
        let is_there = path.symlink_metadata().is_ok();
        if is_there {
            self.disk.rename(&path, &replaced)?;
        }
        self.disk.rename(beside, &path)?;
        self.disk.sync_directory(&self.directory)?;
        match is_there {
            true => remove_tree(&*self.disk, &replaced),
            false => Ok(()),
        }
    }

    fn delete_old(&self, step: u64) -> io::Result<()> {
        let Some(keep) = self.keep else {
            return Ok(());
        };
        let mut older = steps(&self.directory)?;
        older.retain(|&other| other <= step);
        let surplus = older.len().saturating_sub(keep.get());
        for step in older.into_iter().take(surplus) {
            let name = step_name(step);
            let removing = self.named(REMOVING, &name);
            self.disk.rename(&self.directory.join(&name), &removing)?;
            remove_tree(&*self.disk, &removing)?;
        }
        Ok(())
    }

    /// Deletes what is half written or half deleted, and gives a checkpoint its name back whose
    /// successor never came.
    fn clear_leftovers(&self) -> io::Result<()> {
        for name in names(&self.directory)? {
            let path = self.directory.join(&name);
            let replaced = name.strip_prefix(REPLACED);
            let replaced = replaced.filter(|name| step_of(name).is_some());
            if let Some(original) = replaced.map(|name| self.directory.join(name)) {
                match original.symlink_metadata().is_ok() {
                    true => remove_tree(&*self.disk, &path)?,
                    false => self.disk.rename(&path, &original)?,
                }
            } else if is_leftover(&name) {
                remove_tree(&*self.disk, &path)?;
            }
        }
        Ok(())
    }

    fn named(&self, prefix: &str, name: &str) -> PathBuf {
        self.directory.join(format!("{prefix}{name}"))
    }
}

fn is_leftover(name: &str) -> bool {
    let stripped = name.strip_prefix(WRITING);
    let stripped = stripped.or_else(|| name.strip_prefix(REMOVING));
    stripped.and_then(step_of).is_some()
}

fn open_step(directory: &Path, step: u64) -> Result<SavedCheckpoint, CheckpointError> {
    let checkpoint = SavedCheckpoint::open(directory)?;
    match checkpoint.state().step {
        found if found == step => Ok(checkpoint),
        found => Err(CheckpointError::NotWhole {
            directory: directory.to_owned(),
            reason: format!("its manifest is of step {found}"),
        }),
    }
}

fn lock(directory: &Path) -> Result<File, CheckpointError> {
    let path = directory.join(LOCK);
    let mut options = OpenOptions::new();
    let lock = options.write(true).create(true).truncate(false).open(&path);
    let lock = lock.map_err(unusable("write", &path))?;
    match try_lock_for_a_moment(&lock) {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(CheckpointError::Busy {
            directory: directory.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(unusable("lock", &path)(source)),
    }
}

/// A run that has just ended, or a process that is just being started, may hold a lock for a moment.
fn try_lock_for_a_moment(lock: &File) -> Result<(), TryLockError> {
    const ATTEMPTS: u32 = 50;
    const PAUSE: Duration = Duration::from_millis(10);
    for _ in 1..ATTEMPTS {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            done => return done,
        }
    }
    lock.try_lock()
}

/// Says what still stands, and names the file as it would have been called.
fn beside(error: CheckpointError, standing: Option<u64>, directory: &Path) -> CheckpointError {
    match error {
        CheckpointError::NotSaved {
            action,
            path,
            source,
            ..
        } => CheckpointError::NotSaved {
            action,
            path: final_path(&path, directory),
            source,
            standing: Standing(standing),
        },
        other => other,
    }
}

fn final_path(path: &Path, directory: &Path) -> PathBuf {
    let is_beside = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(WRITING))
    };
    match (path.parent(), path.file_name()) {
        _ if is_beside(path) => directory.to_owned(),
        (Some(parent), Some(name)) if is_beside(parent) => directory.join(name),
        _ => path.to_owned(),
    }
}

fn unusable(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CheckpointError {
    let path = path.to_owned();
    move |source| CheckpointError::Unusable {
        action,
        path,
        source,
    }
}

#[cfg(test)]
mod tests;
