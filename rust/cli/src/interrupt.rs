//! Ctrl-C ends the work at hand; where nothing is at hand, it ends the program.

use std::sync::{Mutex, MutexGuard, PoisonError};

use headroom_engine::Canceller;

/// What shells expect of a program that an interrupt ended.
pub(crate) const EXIT_CODE: u8 = 130;

type Action = Box<dyn FnOnce() + Send>;

/// What the next interrupt does.
static AT_HAND: Mutex<Option<Action>> = Mutex::new(None);

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
    *at_hand() = Some(Box::new(action));
    // Where no handler can be set, Ctrl-C kills, as it does for any program.
    drop(ctrlc::try_set_handler(interrupted));
}

/// Lets Ctrl-C end the program.
pub(crate) fn end_on_interrupt() {
    at_hand().take();
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
