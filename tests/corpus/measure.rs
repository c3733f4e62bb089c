//! What a call costs the process: processor time, which a busy machine does not stretch, and memory.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use std::{fmt, fs, process, thread};

/// Most processor time for one file.
const TIME_LIMIT: Duration = Duration::from_secs(1);
/// Most memory for one file beyond its own size.
const MEMORY_LIMIT_BYTES: u64 = 64 << 20;
/// When a call counts as one that never ends, however busy the machine is.
const HANG: Duration = Duration::from_secs(120);
/// Length of the kernel's clock tick.
const TICK: Duration = Duration::from_millis(10);

/// Cost of one call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    time: Duration,
    growth_bytes: u64,
}

impl Cost {
    /// The worse of both figures.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            time: self.time.max(other.time),
            growth_bytes: self.growth_bytes.max(other.growth_bytes),
        }
    }

    /// The same without as much memory as the file itself takes.
    pub(crate) fn beyond(self, file_bytes: u64) -> Self {
        Self {
            growth_bytes: self.growth_bytes.saturating_sub(file_bytes),
            ..self
        }
    }

    /// What is over its limit.
    pub(crate) fn over_limit(self, name: &str) -> Option<String> {
        let is_over = self.time > TIME_LIMIT || self.growth_bytes > MEMORY_LIMIT_BYTES;
        is_over.then(|| format!("{name} took {self}"))
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mebibytes = self.growth_bytes >> 20;
        write!(
            formatter,
            "{} ms and {mebibytes} MiB",
            self.time.as_millis()
        )
    }
}

/// Calls, measures, and ends the whole process with a message when the call does not return.
pub(crate) fn cost_of<R>(name: &str, call: impl FnOnce() -> R) -> (R, Cost) {
    let (finished, watch) = channel::<()>();
    let watched = name.to_owned();
    let watchdog = thread::spawn(move || {
        if watch.recv_timeout(HANG) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{watched} does not end");
            process::exit(1);
        }
    });
    // Writing 5 resets the high-water mark to what is resident now.
    fs::write("/proc/self/clear_refs", "5").expect("a reset");
    let (memory, time) = (high_water_bytes(), processor_time());
    let result = call();
    let cost = Cost {
        time: processor_time().saturating_sub(time),
        growth_bytes: high_water_bytes().saturating_sub(memory),
    };
    drop(finished);
    watchdog.join().expect("a watchdog");
    (result, cost)
}

/// Highest resident memory of this process since the last reset.
fn high_water_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1));
    kibibytes
        .expect("a figure")
        .parse::<u64>()
        .expect("a number")
        * 1024
}

/// Processor time that this process has taken, to a clock tick.
fn processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").expect("a stat");
    let fields = stat.rsplit(')').next().expect("fields behind the name");
    let ticks = |index| -> u32 {
        let field = fields.split_whitespace().nth(index);
        field.expect("a field").parse().expect("a number")
    };
    TICK * (ticks(11) + ticks(12))
}
