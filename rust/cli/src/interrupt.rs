//! Ctrl-C ends the work at hand; a second one ends the program.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use headroom_engine::Canceller;

/// What shells expect of a program that an interrupt ended.
pub(crate) const EXIT_CODE: u8 = 130;

/// Lets Ctrl-C cancel instead of kill.
pub(crate) fn cancel_on_interrupt(canceller: Canceller) {
    call_on_interrupt(move || canceller.cancel());
}

/// Lets Ctrl-C do this instead of kill.
pub(crate) fn call_on_interrupt(action: impl Fn() + Send + 'static) {
    static CURRENT: Mutex<Option<Box<dyn Fn() + Send>>> = Mutex::new(None);
    static WAS_INTERRUPTED: AtomicBool = AtomicBool::new(false);
    if let Ok(mut current) = CURRENT.lock() {
        *current = Some(Box::new(action));
    }
    // Where no handler can be set, Ctrl-C kills, as it does for any program.
    drop(ctrlc::try_set_handler(|| {
        if WAS_INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(EXIT_CODE.into());
        }
        if let Ok(current) = CURRENT.lock()
            && let Some(action) = current.as_ref()
        {
            action();
        }
    }));
}
