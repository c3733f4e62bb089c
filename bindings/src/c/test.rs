//! A failure on demand, for tests of the guard.

use crate::c::error::{hr_error, report};

/// For tests: panics inside the library. Always returns an error with `HR_INTERNAL`; a process
/// that survives this call has seen the guard at work.
#[unsafe(no_mangle)]
pub extern "C" fn hr_test_panic() -> *mut hr_error {
    report(|| panic!("hr_test_panic was called"))
}
