//! What the figures were measured on.

use std::process::Command;

use serde::Serialize;

use crate::process::run_quietly;

/// Facts that figures depend on; `None` where the system does not tell.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: Option<String>,
    pub(crate) cores: Option<usize>,
    /// Processes that ran or waited in the minute before the start.
    pub(crate) load_average: Option<f64>,
}

impl Machine {
    pub(crate) fn read() -> Self {
        let (processor, load) = match cfg!(target_os = "macos") {
            true => (sysctl("machdep.cpu.brand_string"), sysctl("vm.loadavg")),
            false => (linux_processor(), file("/proc/loadavg")),
        };
        Self {
            processor,
            cores: std::thread::available_parallelism().ok().map(usize::from),
            load_average: load.as_deref().and_then(first_number),
        }
    }

    /// Tells what the figures below depend on.
    pub(crate) fn print(&self) {
        println!(
            "\n{}, {} cores, load average {}",
            self.processor.as_deref().unwrap_or("unknown processor"),
            shown(self.cores),
            shown(self.load_average),
        );
        if self.is_busy() {
            println!(
                "warning: something else is using this machine, so speeds are lower than they could \
                 be; ratios suffer less, because contenders take turns"
            );
        }
    }

    /// Whether others took enough of the machine to spoil the figures.
    fn is_busy(&self) -> bool {
        self.load_average.is_some_and(|load| load > 0.5)
    }
}

fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |value| value.to_string())
}

fn linux_processor() -> Option<String> {
    let text = file("/proc/cpuinfo")?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn file(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

fn sysctl(name: &str) -> Option<String> {
    let value = run_quietly(Command::new("sysctl").args(["-n", name])).ok()?;
    Some(value.trim().to_owned())
}

/// Linux writes `0.10 0.20 ...`, a Mac `{ 0.10 0.20 ... }`.
fn first_number(text: &str) -> Option<f64> {
    text.split_whitespace().find_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_systems_load_averages_are_read() {
        assert_eq!(super::first_number("1.25 0.5 0.1 2/99 7\n"), Some(1.25));
        assert_eq!(super::first_number("{ 1.25 0.5 0.1 }"), Some(1.25));
        assert_eq!(super::first_number("none"), None);
    }
}
