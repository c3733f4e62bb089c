//! Making caches that wait between generations smaller when memory is tight.

use std::mem::offset_of;
use std::sync::OnceLock;

use headroom_engine::{CacheMemoryMonitor, CacheReport, PromptCache};

use crate::c::cache::hr_cache;
use crate::c::error::{hr_error, report};
use crate::c::memory::hr_pressure;
use crate::c::structs::{SizeFirst, StructOutput};
use crate::handles::handles;

/// What a look at a cache brought.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_cache_report {
    /// `sizeof(hr_cache_report)`, set by the host.
    pub size: usize,
    /// What the cache took before.
    pub bytes_before: u64,
    /// What it takes now.
    pub bytes_after: u64,
    /// How often it was quantised or bounded.
    pub actions: u64,
    /// How tight memory is: one of `hr_pressure`.
    pub pressure: u64,
}

// SAFETY: `repr(C)`, `size` first.
unsafe impl SizeFirst for hr_cache_report {
    const NAME: &'static str = "hr_cache_report";
    const FIRST_SIZE: usize = offset_of!(Self, pressure) + size_of::<u64>();
}

impl From<CacheReport> for hr_cache_report {
    fn from(report: CacheReport) -> Self {
        Self {
            size: size_of::<Self>(),
            bytes_before: report.before.bytes,
            bytes_after: report.after.bytes,
            actions: report.actions.len() as u64,
            pressure: hr_pressure::from(report.pressure) as u64,
        }
    }
}

/// The one that C hosts share: it remembers how tight memory has been.
fn monitor() -> &'static CacheMemoryMonitor {
    static MONITOR: OnceLock<CacheMemoryMonitor> = OnceLock::new();
    MONITOR.get_or_init(CacheMemoryMonitor::new)
}

/// Looks at memory and, where it is tight, quantises or bounds a cache. One that a generation works
/// with is left to that generation's governor.
///
/// # Safety
/// `outcome` is NULL, which is an error, or has as many bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_cache_monitor_and_optimize(
    cache: hr_cache,
    outcome: *mut hr_cache_report,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { StructOutput::new(outcome) }?;
        let cache = handles().get::<PromptCache>(cache)?;
        output.write(monitor().monitor_and_optimize(&cache)?.into());
        Ok(())
    })
}
