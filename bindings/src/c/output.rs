//! Single values on their way out.

use crate::fault::{Fault, FaultKind};

/// A place that the host gave for one value. Nothing is written before [`Self::write`].
pub(super) struct Output<T>(*mut T);

impl<T> Output<T> {
    /// Checks the place before any work is done for it.
    ///
    /// # Errors
    /// When it is NULL.
    ///
    /// # Safety
    /// `pointer` is NULL, or a `T` can be written to it until the export returns.
    pub(super) unsafe fn new(pointer: *mut T, name: &str) -> Result<Self, Fault> {
        match pointer.is_null() {
            true => Err(null(name)),
            false => Ok(Self(pointer)),
        }
    }

    pub(super) fn write(self, value: T) {
        // SAFETY: not null and writable, as promised to `new`; hosts may leave it unaligned.
        unsafe { self.0.write_unaligned(value) }
    }
}

/// The fault of a NULL where none may be.
pub(super) fn null(name: &str) -> Fault {
    let message = format!("{name} is NULL; pass the address of one");
    Fault::new(FaultKind::NullPointer, message)
}
