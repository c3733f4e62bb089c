//! Errors as Swift sees them.

use crate::c::error::hr_code;
use crate::fault::Fault;
use crate::guard::guarded;

/// Why a call failed.
pub(crate) struct BridgedError(Fault);

impl BridgedError {
    /// The number that C shows for the same failure.
    pub(crate) fn code(&self) -> u32 {
        hr_code::from(self.0.kind) as u32
    }

    pub(crate) fn message(&self) -> String {
        self.0.message.clone()
    }
}

/// Runs what Swift called inside the guard.
pub(super) fn bridged<T>(body: impl FnOnce() -> Result<T, Fault>) -> Result<T, BridgedError> {
    guarded(body).map_err(BridgedError)
}
