//! When to try again, how often, and how long to wait before.

use std::thread;
use std::time::Duration;

use crate::error::HubError;
use crate::failure::{Failure, Retry};
use crate::progress::Tracker;

/// Failures in a row after which it is given up.
const MOST_FAILURES: u32 = 5;
/// A pause is slept in pieces, so that it can be stopped.
const PIECE: Duration = Duration::from_millis(100);

/// Counts failures in a row.
pub(crate) struct Backoff {
    pause: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(pause: Duration) -> Self {
        Self { pause, failures: 0 }
    }

    /// Something has been achieved since the last failure.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Waits until another try may help.
    ///
    /// # Errors
    /// The failure itself if no try can help or too many have not; [`HubError::Stopped`] if the
    /// listener stops the pause.
    pub(crate) fn wait(&mut self, failure: Failure, tracker: &mut Tracker) -> Result<(), HubError> {
        self.failures += 1;
        match self.pause_before_retry(failure.retry) {
            Some(pause) => sleep(pause, tracker),
            None => Err(failure.error),
        }
    }

    /// The first retry comes at once: most cuts are the end of an idle connection.
    fn pause_before_retry(&self, retry: Retry) -> Option<Duration> {
        if self.failures >= MOST_FAILURES {
            return None;
        }
        match retry {
            Retry::Never => None,
            Retry::After(pause) => Some(pause),
            Retry::Soon if self.failures == 1 => Some(Duration::ZERO),
            Retry::Soon => Some(self.pause.saturating_mul(1 << (self.failures - 2))),
        }
    }
}

fn sleep(pause: Duration, tracker: &mut Tracker) -> Result<(), HubError> {
    let mut left = pause;
    loop {
        tracker.tell()?;
        if left.is_zero() {
            return Ok(());
        }
        let piece = left.min(PIECE);
        thread::sleep(piece);
        left -= piece;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pauses before each retry of what fails again and again.
    fn pauses(retry: Retry) -> Vec<u64> {
        let mut backoff = Backoff::new(Duration::from_secs(1));
        let pauses = std::iter::from_fn(|| {
            backoff.failures += 1;
            backoff.pause_before_retry(retry)
        });
        pauses.map(|pause| pause.as_secs()).collect()
    }

    #[test]
    fn retries_are_few_and_each_waits_twice_as_long() {
        assert_eq!(pauses(Retry::Soon), [0, 1, 2, 4]);
        assert_eq!(pauses(Retry::After(Duration::from_secs(7))), [7; 4]);
        assert!(pauses(Retry::Never).is_empty());
    }
}
