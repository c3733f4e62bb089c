//! Waiting for another thread, as long as nobody wants a stop.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::error::DataError;

/// How often it is looked whether to stop.
const PATIENCE: Duration = Duration::from_millis(100);

/// What the other thread sends next.
///
/// # Errors
/// [`DataError::Stopped`], or [`DataError::Fault`] where the thread has ended.
pub(super) fn waited_for<T>(
    sent: &Receiver<T>,
    wants_stop: &dyn Fn() -> bool,
) -> Result<T, DataError> {
    loop {
        match sent.recv_timeout(PATIENCE) {
            Ok(value) => return Ok(value),
            Err(RecvTimeoutError::Disconnected) => return Err(DataError::Fault),
            Err(RecvTimeoutError::Timeout) if wants_stop() => return Err(DataError::Stopped),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}
