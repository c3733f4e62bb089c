//! Ctrl-C ends the work at hand; where nothing is at hand, it ends the program.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;

use headroom_engine::Canceller;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// What shells expect of a program that an interrupt ended.
pub(crate) const EXIT_CODE: u8 = 130;

type Action = Box<dyn FnOnce() + Send>;

/// What the next interrupt does.
static AT_HAND: Mutex<Option<Action>> = Mutex::new(None);
/// Set by a signal that no key sends.
static IS_TO_END: AtomicBool = AtomicBool::new(false);

/// Lets Ctrl-C cancel, and a second one end the program.
pub(crate) fn cancel_on_interrupt(canceller: Canceller) {
    call_on_interrupt(move || canceller.cancel());
}

/// Lets every Ctrl-C cancel and none end the program.
pub(crate) fn only_cancel_on_interrupt(canceller: Canceller) {
    call_on_interrupt(move || {
        canceller.cancel();
        only_cancel_on_interrupt(canceller);
    });
}

/// Lets Ctrl-C do this, and a second one end the program.
pub(crate) fn call_on_interrupt(action: impl FnOnce() + Send + 'static) {
    static LISTENING: Once = Once::new();
    *at_hand() = Some(Box::new(action));
    LISTENING.call_once(listen);
}

/// Whether the system asked the program to end: what is at hand was interrupted, and nothing is to
/// follow it.
pub(crate) fn is_to_end() -> bool {
    IS_TO_END.load(Ordering::Relaxed)
}

/// Lets Ctrl-C end the program.
pub(crate) fn end_on_interrupt() {
    at_hand().take();
}

/// Where nothing can listen, a signal kills, as it does any program.
fn listen() {
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
        return;
    };
    let listener = thread::Builder::new().name("signals".to_owned());
    drop(listener.spawn(move || {
        for signal in signals.forever() {
            if signal != SIGINT {
                IS_TO_END.store(true, Ordering::Relaxed);
            }
            interrupted();
        }
    }));
}

fn interrupted() {
    let action = at_hand().take();
    match action {
        Some(action) => action(),
        None => std::process::exit(EXIT_CODE.into()),
    }
}

fn at_hand() -> MutexGuard<'static, Option<Action>> {
    AT_HAND.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test, because what an interrupt does is one thing in a process.
    #[test]
    fn an_interrupt_does_what_was_set_last_and_impatience_ends_no_answer() {
        let (sender, calls) = std::sync::mpsc::channel();
        let tell = |what| {
            let sender = sender.clone();
            call_on_interrupt(move || sender.send(what).unwrap());
        };
        tell("first");
        tell("last");
        interrupted();
        assert_eq!(calls.try_iter().collect::<Vec<_>>(), ["last"]);
        only_cancel_on_interrupt(Canceller::default());
        for _ in 0..3 {
            interrupted();
        }
        assert!(at_hand().is_some(), "the next one would end the program");
    }
}
