//! Measures what one reading costs, and what its two sources for the private
//! bytes of a process cost, while the process holds more and more memory.
//! Linux only: `cargo run --release -p headroom-memory --example probe_cost`.

use std::hint::black_box;
use std::time::Instant;

use headroom_memory::{ByteSize, Probe, system_probe};

fn main() {
    let probe = system_probe();
    println!("resident   status µs   smaps_rollup µs   whole reading µs");
    for mebibytes in [0_u64, 256, 1024, 4096] {
        let bytes = mebibytes << 20;
        let held = black_box(vec![1_u8; bytes as usize]);
        println!(
            "{:>8}   {:>9.1}   {:>15.1}   {:>16.1}",
            ByteSize::from_bytes(bytes).to_string(),
            microseconds(|| std::fs::read("/proc/self/status").is_ok()),
            microseconds(|| std::fs::read("/proc/self/smaps_rollup").is_ok()),
            microseconds(|| probe.read().is_ok()),
        );
        drop(held);
    }
}

/// The mean over enough calls to make the clock's own cost vanish.
fn microseconds(call: impl Fn() -> bool) -> f64 {
    const CALLS: u32 = 200;
    let start = Instant::now();
    for _ in 0..CALLS {
        assert!(call(), "the file cannot be read on this system");
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS)
}
