//! What a host may do to a generation under way: cancel it, pause it, let it go on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Tells a generation to end; may be kept and used anywhere.
#[derive(Debug, Clone, Default)]
pub struct Canceller(Arc<AtomicBool>);

impl Canceller {
    /// Ends the generation before its next step, a prefill chunk included. A paused one ends too.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Where the KV cache of a paused generation stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spill {
    /// In memory.
    Keep,
    /// In a temporary file; in memory where it cannot be written.
    ToDisk,
}

/// Pauses a generation and lets it go on; may be kept and used anywhere.
#[derive(Debug, Clone, Default)]
pub struct Pauser(Arc<(Mutex<Pause>, Condvar)>);

#[derive(Debug, Default)]
struct Pause {
    asked: Option<Spill>,
    /// The generation takes no step until it is resumed.
    is_at_rest: bool,
    /// It never will again.
    has_ended: bool,
}

impl Pauser {
    /// Pauses the generation, and returns once it computes nothing any more: true if it rests, false
    /// if the step at hand takes longer than `patience`; it rests after that step then.
    pub fn pause(&self, spill: Spill, patience: Duration) -> bool {
        let mut pause = self.lock();
        pause.asked = Some(spill);
        let (pause, _) = self
            .0
            .1
            .wait_timeout_while(pause, patience, |pause| {
                !pause.is_at_rest && !pause.has_ended
            })
            .unwrap_or_else(PoisonError::into_inner);
        pause.is_at_rest || pause.has_ended
    }

    /// Lets the generation go on, as if it had never paused.
    pub fn resume(&self) {
        let mut pause = self.lock();
        pause.asked = None;
        pause.is_at_rest = false;
    }

    pub(crate) fn asked(&self) -> Option<Spill> {
        self.lock().asked
    }

    /// Says that the generation rests, unless it was resumed meanwhile.
    pub(crate) fn rest(&self) {
        let mut pause = self.lock();
        pause.is_at_rest = pause.asked.is_some();
        self.0.1.notify_all();
    }

    /// Says that the generation takes no step any more.
    pub(crate) fn end(&self) {
        self.lock().has_ended = true;
        self.0.1.notify_all();
    }

    /// Plain values are whole whatever a panicking thread did.
    fn lock(&self) -> MutexGuard<'_, Pause> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT_AT_ALL: Duration = Duration::ZERO;

    #[test]
    fn a_pause_is_over_when_it_is_resumed() {
        let pauser = Pauser::default();
        assert!(!pauser.pause(Spill::Keep, NOT_AT_ALL));
        pauser.rest();
        assert!(pauser.pause(Spill::Keep, NOT_AT_ALL));
        pauser.resume();
        // The thread says so late, after it has been told to go on.
        pauser.rest();
        assert!(!pauser.pause(Spill::ToDisk, NOT_AT_ALL));
        assert_eq!(pauser.asked(), Some(Spill::ToDisk));
    }

    #[test]
    fn what_has_ended_rests() {
        let pauser = Pauser::default();
        pauser.end();
        pauser.resume();
        assert!(pauser.pause(Spill::Keep, NOT_AT_ALL));
    }
}
