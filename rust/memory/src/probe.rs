//! The probe of the system that this program runs on.

use std::path::PathBuf;
use std::sync::Arc;

use crate::disk::disk_space;
use crate::error::ProbeError;
use crate::reading::Reading;

#[cfg(target_vendor = "apple")]
use crate::apple::AppleProbe as PlatformProbe;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::linux::LinuxProbe as PlatformProbe;

/// Something that can look at memory: the system, or a recorded trace.
pub trait Probe: Send + Sync {
    /// Looks once.
    ///
    /// # Errors
    /// If nothing at all can be read; a single figure that cannot be read is
    /// `None` in the reading.
    fn read(&self) -> Result<Reading, ProbeError>;
}

impl<P: Probe + ?Sized> Probe for Arc<P> {
    fn read(&self) -> Result<Reading, ProbeError> {
        self.as_ref().read()
    }
}

/// The probe of this system. Build it early: on Apple systems it measures then
/// what the system needs for itself.
#[derive(Debug)]
pub struct SystemProbe {
    platform: PlatformProbe,
    disk_path: Option<PathBuf>,
}

impl SystemProbe {
    /// A probe of this process and this system.
    pub fn new() -> Self {
        Self {
            platform: PlatformProbe::new(),
            disk_path: None,
        }
    }

    /// Bounds the budget on macOS by the working set that the graphics stack
    /// recommends. Elsewhere the system states a limit for the process itself,
    /// and this has no effect.
    #[must_use]
    pub fn with_recommended_working_set(mut self, bytes: u64) -> Self {
        self.platform.set_recommended_working_set(bytes);
        self
    }

    /// Adds the space of the file system that holds `path` to every reading.
    #[must_use]
    pub fn with_disk_of(mut self, path: impl Into<PathBuf>) -> Self {
        self.disk_path = Some(path.into());
        self
    }
}

impl Default for SystemProbe {
    fn default() -> Self {
        Self::new()
    }
}

impl Probe for SystemProbe {
    fn read(&self) -> Result<Reading, ProbeError> {
        let mut reading = self.platform.read()?;
        reading.system.disk = self.disk_path.as_deref().and_then(disk_space);
        Ok(reading)
    }
}

/// The probe of this system.
pub fn system_probe() -> SystemProbe {
    SystemProbe::new()
}

/// The largest footprint that this process ever had.
///
/// Apple: `ledger_phys_footprint_peak`. Linux: `VmHWM`, the only peak that the
/// kernel keeps; it counts resident file-backed pages as well, so it can lie
/// above the peak of [`Reading::used_bytes`].
pub fn peak_footprint_bytes() -> Option<u64> {
    PlatformProbe::new().peak_footprint_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_system_can_be_read() {
        let reading = system_probe().read().unwrap();
        let (budget, used) = (reading.budget_bytes.unwrap(), reading.used_bytes.unwrap());
        assert!(used > 0 && used < budget);
        assert!(reading.available_bytes.unwrap() <= budget - used);
        assert!(budget <= reading.system.physical_bytes.unwrap());
    }

    #[test]
    fn the_peak_is_at_least_what_is_used() {
        let used = system_probe().read().unwrap().used_bytes.unwrap();
        // The kernel batches its counters per thread, hence the slack.
        assert!(peak_footprint_bytes().unwrap() + (1 << 20) >= used);
    }

    #[test]
    fn the_disk_is_read_on_demand() {
        assert_eq!(system_probe().read().unwrap().system.disk, None);
        let reading = system_probe().with_disk_of("/").read().unwrap();
        assert!(reading.system.disk.unwrap().total_bytes > 0);
    }

    #[test]
    fn memory_that_is_taken_shows_as_used() {
        let probe = system_probe();
        let before = probe.read().unwrap().used_bytes.unwrap();
        let block = std::hint::black_box(vec![1_u8; 64 << 20]);
        let grown = probe.read().unwrap().used_bytes.unwrap() - before;
        assert!(grown >= 60 << 20, "grew by {grown} bytes");
        drop(block);
    }
}
