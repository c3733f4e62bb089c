//! The one guard that every export goes through: no panic crosses the boundary.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::fault::{Fault, FaultKind};

/// Runs an export's body; a panic in it becomes an internal fault.
///
/// Unwinding leaves nothing half done that a later call could see: what bodies share lies in the
/// handle table and behind locks whose contents are whole between any two statements.
pub(crate) fn guarded<T>(body: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| Err(internal_fault(payload)))
}

/// Like [`guarded`], for bodies that cannot fail otherwise: a panic gives `fallback`.
pub(crate) fn guarded_or<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    guarded(|| Ok(body())).unwrap_or(fallback)
}

fn internal_fault(payload: Box<dyn Any + Send>) -> Fault {
    let message = format!(
        "an internal fault stopped this call: {}; report it, and go on only with other handles",
        words_of(payload)
    );
    Fault::new(FaultKind::Internal, message)
}

/// What `panic!` was given. A payload of another type is forgotten, not dropped: its destructor
/// could panic and unwind past the guard.
fn words_of(payload: Box<dyn Any + Send>) -> String {
    let payload = match payload.downcast::<&str>() {
        Ok(words) => return (*words).to_owned(),
        Err(payload) => payload,
    };
    match payload.downcast::<String>() {
        Ok(words) => *words,
        Err(payload) => {
            std::mem::forget(payload);
            "no reason was given".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caught(body: impl FnOnce()) -> Fault {
        guarded(|| {
            body();
            Ok(())
        })
        .unwrap_err()
    }

    #[test]
    fn results_pass_through() {
        assert_eq!(guarded(|| Ok(7)).unwrap(), 7);
        let refused = guarded(|| Err::<(), _>(Fault::new(FaultKind::Cancelled, "enough")));
        assert_eq!(refused.unwrap_err().kind, FaultKind::Cancelled);
    }

    #[test]
    fn a_panic_becomes_an_internal_fault_with_its_words() {
        let fault = caught(|| panic!("the sky fell"));
        assert_eq!(fault.kind, FaultKind::Internal);
        assert!(fault.message.contains("the sky fell"), "{}", fault.message);
        let number = 7;
        let fault = caught(|| panic!("seen {number}"));
        assert!(fault.message.contains("seen 7"), "{}", fault.message);
    }

    #[test]
    fn a_payload_that_panics_when_dropped_is_held_too() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        let fault = caught(|| std::panic::panic_any(Bomb));
        assert_eq!(fault.kind, FaultKind::Internal);
    }

    #[test]
    fn a_body_without_errors_falls_back() {
        assert_eq!(guarded_or(0, || 3), 3);
        assert_eq!(guarded_or(9, || panic!("on purpose")), 9);
    }
}
