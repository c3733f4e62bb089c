//! How much memory another process took, read while it runs.

/// Peaks of a process. They only grow, so the last look before its end is the peak but for what
/// happened since.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Peaks {
    pub(crate) resident_bytes: Option<u64>,
    pub(crate) mapped_bytes: Option<u64>,
}

impl Peaks {
    /// Looks now; keeps what it had where the process tells nothing any more.
    pub(crate) fn update(&mut self, process_id: u32) {
        let path = format!("/proc/{process_id}/status");
        let seen = Self::parse(&std::fs::read_to_string(path).unwrap_or_default());
        self.resident_bytes = seen.resident_bytes.max(self.resident_bytes);
        self.mapped_bytes = seen.mapped_bytes.max(self.mapped_bytes);
    }

    fn parse(status: &str) -> Self {
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
            kibibytes.checked_mul(1024)
        };
        Self {
            resident_bytes: bytes("VmHWM:"),
            mapped_bytes: bytes("VmPeak:"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_read_in_bytes() {
        let status = "Name:\theadroom\nVmPeak:\t  2048 kB\nVmSize:\t 1 kB\nVmHWM:\t   16 kB\n";
        let peaks = Peaks::parse(status);
        assert_eq!(peaks.mapped_bytes, Some(2 << 20));
        assert_eq!(peaks.resident_bytes, Some(16 << 10));
    }

    #[test]
    fn a_process_that_has_ended_tells_nothing() {
        assert_eq!(
            Peaks::parse("Name:\theadroom\nState:\tZ\n"),
            Peaks::default()
        );
    }
}
