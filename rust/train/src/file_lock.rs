//! Locks that the system undoes when a process ends, however it ends.

use std::fs::{File, TryLockError};
use std::thread;
use std::time::Duration;

/// Locks a file for this process alone. Somebody who only looks, a run that has just ended or a process
/// that is just being started may hold a lock for a moment, which is waited for.
pub(crate) fn try_lock_for_a_moment(file: &File) -> Result<(), TryLockError> {
    const ATTEMPTS: u32 = 50;
    const PAUSE: Duration = Duration::from_millis(10);
    for _ in 1..ATTEMPTS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            done => return done,
        }
    }
    file.try_lock()
}
