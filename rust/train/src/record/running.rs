//! Whether a run is running: a file that its process holds locked, which the system undoes at every end.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headroom_formats::read_bounded;
use serde::{Deserialize, Serialize};

use super::error::RecordError;
use crate::file_lock::try_lock_for_a_moment;

const FILE: &str = "running.json";
const LIMIT_BYTES: u64 = 4096;

/// Says that this process trains in an output directory, until it is dropped.
#[derive(Debug)]
pub struct RunningMarker {
    path: PathBuf,
    _lock: File,
}

/// What the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    process_id: u32,
    started_unix_seconds: u64,
}

/// A run that is running, or was and ended without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningRun {
    /// Its process.
    pub process_id: u32,
    /// When it started.
    pub started: SystemTime,
    /// Whether that process still holds the file; process ids are used again, locks are not.
    pub is_alive: bool,
}

impl RunningMarker {
    /// Marks the run in `output` as running.
    ///
    /// # Errors
    /// When another process runs it, or the file cannot be written.
    pub fn create(output: &Path) -> Result<Self, RecordError> {
        let path = output.join(FILE);
        let failed = |source| RecordError::Io {
            action: "write",
            path: path.clone(),
            source,
            advice: "give an output that this user may write",
        };
        let mut file = locked(&path).map_err(|error| match error {
            TryLockError::Error(error) => failed(error),
            TryLockError::WouldBlock => RecordError::Running {
                output: output.to_owned(),
            },
        })?;
        write(&mut file).map_err(failed)?;
        Ok(Self { path, _lock: file })
    }
}

impl Drop for RunningMarker {
    fn drop(&mut self) {
        // A file that stays is no longer locked, and says no more than that the run has ended.
        drop(fs::remove_file(&self.path));
    }
}

/// The file at `path`, locked. One that a run removed while it was waited for is no longer there.
fn locked(path: &Path) -> Result<File, TryLockError> {
    loop {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).open(path);
        let file = file.map_err(TryLockError::Error)?;
        try_lock_for_a_moment(&file)?;
        let held = file.metadata().map_err(TryLockError::Error)?;
        if fs::metadata(path).is_ok_and(|there| there.ino() == held.ino()) {
            return Ok(file);
        }
    }
}

fn write(file: &mut File) -> io::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let content = Content {
        process_id: std::process::id(),
        started_unix_seconds: now.map_or(0, |since| since.as_secs()),
    };
    file.set_len(0)?;
    file.write_all(serde_json::to_string(&content)?.as_bytes())
}

/// The run in an output directory; `None` where none is, or the last one ended in order.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn running_run(output: &Path) -> Result<Option<RunningRun>, RecordError> {
    let path = output.join(FILE);
    let found = match look(&path) {
        // It may have ended between two looks.
        Err(_) if !path.exists() => return Ok(None),
        found => found.map_err(|source| RecordError::Io {
            action: "read",
            path,
            source,
            advice: "delete it if nothing trains there",
        })?,
    };
    Ok(found.map(|(content, is_alive)| RunningRun {
        process_id: content.process_id,
        started: content.started(),
        is_alive,
    }))
}

/// What the file says, if it is one of ours, and whether a process holds it.
fn look(path: &Path) -> io::Result<Option<(Content, bool)>> {
    let bytes = read_bounded(path, LIMIT_BYTES).map_err(io::Error::other)?;
    let lock = File::open(path)?.try_lock_shared();
    let content = serde_json::from_slice(&bytes).ok();
    Ok(content.map(|content| (content, matches!(lock, Err(TryLockError::WouldBlock)))))
}

impl Content {
    fn started(self) -> SystemTime {
        let since = Duration::from_secs(self.started_unix_seconds);
        UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_running_until_its_marker_goes() {
        let output = tempfile::tempdir().unwrap();
        assert_eq!(running_run(output.path()).unwrap(), None);
        let marker = RunningMarker::create(output.path()).unwrap();
        let found = running_run(output.path()).unwrap().unwrap();
        assert_eq!(found.process_id, std::process::id());
        assert!(found.is_alive && found.started <= SystemTime::now());
        drop(marker);
        assert_eq!(running_run(output.path()).unwrap(), None);
    }

    #[test]
    fn two_processes_do_not_train_in_one_place() {
        let output = tempfile::tempdir().unwrap();
        let _marker = RunningMarker::create(output.path()).unwrap();
        let second = RunningMarker::create(output.path());
        assert!(matches!(second, Err(RecordError::Running { .. })));
    }

    #[test]
    fn what_a_killed_process_left_is_not_alive_and_in_nobodys_way() {
        let output = tempfile::tempdir().unwrap();
        let left = r#"{"process_id":1,"started_unix_seconds":99}"#;
        fs::write(output.path().join(FILE), left).unwrap();
        let found = running_run(output.path()).unwrap().unwrap();
        assert_eq!((found.process_id, found.is_alive), (1, false));
        let _marker = RunningMarker::create(output.path()).unwrap();
        let found = running_run(output.path()).unwrap().unwrap();
        assert_eq!(found.process_id, std::process::id());
    }

    #[test]
    fn hostile_content_is_no_run() {
        let output = tempfile::tempdir().unwrap();
        let content = |text: &str| {
            fs::write(output.path().join(FILE), text).unwrap();
            running_run(output.path())
        };
        assert_eq!(content("{").unwrap(), None);
        let late = format!(r#"{{"process_id":1,"started_unix_seconds":{}}}"#, u64::MAX);
        assert_eq!(content(&late).unwrap().unwrap().started, UNIX_EPOCH);
        assert!(content(&"x".repeat(5000)).is_err());
    }
}
