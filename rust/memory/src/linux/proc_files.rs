//! What the files of `/proc` tell about this process and this machine.

/// What `/proc/self/status` says about this process.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ProcessStatus {
    pub(super) resident_anonymous_bytes: Option<u64>,
    pub(super) resident_shared_memory_bytes: Option<u64>,
    pub(super) peak_resident_bytes: Option<u64>,
    pub(super) virtual_bytes: Option<u64>,
    pub(super) data_bytes: Option<u64>,
}

impl ProcessStatus {
    pub(super) fn parse(text: &str) -> Self {
        Self {
            resident_anonymous_bytes: kibibytes_field(text, "RssAnon"),
            resident_shared_memory_bytes: kibibytes_field(text, "RssShmem"),
            peak_resident_bytes: kibibytes_field(text, "VmHWM"),
            virtual_bytes: kibibytes_field(text, "VmSize"),
            data_bytes: kibibytes_field(text, "VmData"),
        }
    }

    /// Private resident bytes: anonymous pages, which include every private
    /// file page that was written to, and shared memory, which like them has no
    /// file to fall back on. Clean file pages do not count.
    ///
    /// `smaps_rollup` would tell private from shared pages exactly, but it walks
    /// every page table under the lock that page faults need: measured with
    /// `examples/probe_cost.rs` (Linux 6.18, two cores), it takes 12 ms at 1 GiB
    /// and 44 ms at 4 GiB, against 15 µs for `status` whatever the size. The
    /// governor asks between tokens, so the cheap file wins. The two differ for
    /// pages shared with a forked child and for shared memory mapped by several
    /// processes, both of which `status` counts in full.
    pub(super) fn private_resident_bytes(&self) -> Option<u64> {
        self.resident_anonymous_bytes?
            .checked_add(self.resident_shared_memory_bytes?)
    }
}

/// What `/proc/meminfo` says about this machine.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct MachineMemory {
    pub(super) total_bytes: Option<u64>,
    pub(super) available_bytes: Option<u64>,
    pub(super) swap_total_bytes: Option<u64>,
    pub(super) swap_free_bytes: Option<u64>,
}

impl MachineMemory {
    pub(super) fn parse(text: &str) -> Self {
        Self {
            total_bytes: kibibytes_field(text, "MemTotal"),
            available_bytes: kibibytes_field(text, "MemAvailable"),
            swap_total_bytes: kibibytes_field(text, "SwapTotal"),
            swap_free_bytes: kibibytes_field(text, "SwapFree"),
        }
    }

    pub(super) fn swap_used_bytes(&self) -> Option<u64> {
        self.swap_total_bytes?.checked_sub(self.swap_free_bytes?)
    }
}

/// The value of a line such as `MemTotal:  24684092 kB`, whose unit is 1024 bytes.
fn kibibytes_field(text: &str, name: &str) -> Option<u64> {
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let number = value.trim().strip_suffix("kB")?.trim_end();
    number.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_the_status_of_a_process() {
        let status = ProcessStatus::parse(
            "Name:\tsh\nVmPeak:\t    3060 kB\nVmSize:\t    3060 kB\nVmHWM:\t    1756 kB\n\
             VmRSS:\t    1756 kB\nRssAnon:\t     116 kB\nRssFile:\t    1640 kB\n\
             RssShmem:\t       4 kB\nVmData:\t     360 kB\n",
        );
        assert_eq!(status.private_resident_bytes(), Some(120 * 1024));
        assert_eq!(status.peak_resident_bytes, Some(1756 * 1024));
        assert_eq!(status.virtual_bytes, Some(3060 * 1024));
        assert_eq!(status.data_bytes, Some(360 * 1024));
    }

    #[test]
    fn a_missing_part_makes_the_sum_unknown() {
        let status = ProcessStatus::parse("RssAnon:\t 116 kB\n");
        assert_eq!(status.private_resident_bytes(), None);
    }

    #[test]
    fn reads_the_memory_of_the_machine() {
        let memory = MachineMemory::parse(
            "MemTotal:       24684092 kB\nMemFree:        1 kB\nMemAvailable:   24325652 kB\n\
             SwapCached:            7 kB\nSwapTotal:      1000 kB\nSwapFree:        400 kB\n",
        );
        assert_eq!(memory.total_bytes, Some(24_684_092 * 1024));
        assert_eq!(memory.available_bytes, Some(24_325_652 * 1024));
        assert_eq!(memory.swap_used_bytes(), Some(600 * 1024));
    }

    #[test]
    fn a_machine_without_swap_has_zero_not_unknown() {
        let memory = MachineMemory::parse("SwapTotal: 0 kB\nSwapFree: 0 kB\n");
        assert_eq!(memory.swap_used_bytes(), Some(0));
        assert_eq!(MachineMemory::parse("").swap_used_bytes(), None);
    }

    #[test]
    fn garbage_is_unknown() {
        for text in [
            "MemTotal: lots kB",
            "MemTotal: 12",
            "MemTotal: -1 kB",
            "MemTotal: 99999999999999999999 kB",
            "MemTotal: 18446744073709551615 kB",
            "MemTotalX: 1 kB",
        ] {
            assert_eq!(MachineMemory::parse(text).total_bytes, None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "(?s).{0,200}") {
            ProcessStatus::parse(&text);
            MachineMemory::parse(&text);
        }
    }
}
