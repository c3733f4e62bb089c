//! The limits that `ulimit` sets.

use rustix::process::{Resource, getrlimit};

/// The soft limits, those that the kernel enforces; `None` is unlimited.
///
/// They are asked for at every look: a process may change its own, and another
/// process may change them with `prlimit`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ResourceLimits {
    pub(super) address_space_bytes: Option<u64>,
    pub(super) data_bytes: Option<u64>,
}

impl ResourceLimits {
    pub(super) fn of_this_process() -> Self {
        Self {
            address_space_bytes: getrlimit(Resource::As).current,
            data_bytes: getrlimit(Resource::Data).current,
        }
    }
}
