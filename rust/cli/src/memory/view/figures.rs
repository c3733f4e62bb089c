//! Figures that have no whole to be a part of.

use super::flow::flow;
use crate::memory::table::size;
use headroom_memory::MemoryState;

/// From this width on, figures tell what they are a part of.
const WIDE: u16 = 64;

/// The figures, as many on a line as it holds.
pub(super) fn lines(state: &MemoryState, width: u16) -> Vec<String> {
    let figures = match width >= WIDE {
        true => long(state),
        false => short(state),
    };
    flow(figures, "   ", width)
}

fn long(state: &MemoryState) -> [String; 4] {
    let system = &state.system;
    [
        format!("available {}", size(state.available_bytes)),
        format!(
            "machine free {} of {}",
            size(system.free_or_reclaimable_bytes),
            size(system.physical_bytes)
        ),
        swap(system.swap_total_bytes, system.swap_used_bytes),
        format!("disk free {}", disk_free(state)),
    ]
}

fn short(state: &MemoryState) -> [String; 4] {
    let system = &state.system;
    [
        format!("available {}", size(state.available_bytes)),
        format!("free {}", size(system.free_or_reclaimable_bytes)),
        format!("swap {}", size(system.swap_used_bytes)),
        format!("disk free {}", disk_free(state)),
    ]
}

fn disk_free(state: &MemoryState) -> String {
    size(state.system.disk.map(|disk| disk.available_bytes))
}

fn swap(total_bytes: Option<u64>, used_bytes: Option<u64>) -> String {
    match total_bytes {
        Some(0) => "no swap".to_owned(),
        total => format!("swap used {} of {}", size(used_bytes), size(total)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_swap_is_told_from_one_that_does_not_tell() {
        assert_eq!(swap(Some(0), Some(0)), "no swap");
        assert_eq!(swap(None, None), "swap used unknown of unknown");
    }
}
