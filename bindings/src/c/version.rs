//! Which header a host was built with, and which library it runs with.

use crate::guard::guarded_or;

/// Version of this header. It changes only when a host built with an older header would break;
/// new functions, and new fields at the end of structs, leave it as it is.
pub const HR_ABI_VERSION: u32 = 1;

/// An integer figure that is not known. A `double` that is not known is NaN.
pub const HR_UNKNOWN: u64 = u64::MAX;

/// The `HR_ABI_VERSION` that this library was built with. A host checks once that both agree.
#[unsafe(no_mangle)]
pub extern "C" fn hr_abi_version() -> u32 {
    guarded_or(HR_ABI_VERSION, || HR_ABI_VERSION)
}
