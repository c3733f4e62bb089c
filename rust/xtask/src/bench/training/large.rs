//! What a step of the recipe's larger models takes at its peak, gradients of two micro-batches added up.

use anyhow::Result;
use serde::Serialize;

use super::programs::Programs;
use super::run::Run;
use super::setting::Setting;
use crate::bench::target::{Judged, Target};
use crate::process::announce;

/// A model, a mode, and how much the process may take.
struct Case {
    depth: u64,
    mode: &'static str,
    device_batch_size: u64,
    most_gigabytes: f64,
}

const CASES: [Case; 3] = [
    Case {
        depth: 12,
        mode: "--ultra-low",
        device_batch_size: 1,
        most_gigabytes: 4.0,
    },
    Case {
        depth: 12,
        mode: "--low-memory",
        device_batch_size: 2,
        most_gigabytes: 6.0,
    },
    Case {
        depth: 20,
        mode: "--ultra-low",
        device_batch_size: 1,
        most_gigabytes: 10.0,
    },
];
const GIGABYTE: f64 = 1e9;

/// What one of them took.
#[derive(Debug, Serialize)]
pub(crate) struct Large {
    setting: Setting,
    mode: &'static str,
    peak_gigabytes: Judged,
    run: Run,
}

/// Trains two steps of each: in the second one, the optimizers' states are there from its start.
pub(crate) fn measure(programs: &Programs) -> Result<Vec<Large>> {
    CASES
        .iter()
        .map(|case| {
            let setting = case.setting();
            announce(&format!("Measuring {setting}, {}", case.mode));
            let (run, plan) = programs.headroom(&setting, &[case.mode])?;
            println!("{plan}");
            Ok(case.judge(setting, run))
        })
        .collect()
}

impl Case {
    fn setting(&self) -> Setting {
        Setting {
            depth: self.depth,
            vocabulary: 65_536,
            context: 2048,
            device_batch_size: self.device_batch_size,
            micro_batches: 2,
            steps: 2,
        }
    }

    fn judge(&self, setting: Setting, run: Run) -> Large {
        let peak = run.peak_resident_bytes.map(|bytes| bytes as f64 / GIGABYTE);
        Large {
            setting,
            mode: self.mode,
            peak_gigabytes: Judged::new(peak, Target::AtMost(self.most_gigabytes)),
            run,
        }
    }
}

pub(crate) fn print(found: &[Large]) {
    println!("\nSteps of larger models, float32, context 2048, GB");
    println!(
        "{:52}{:>16}{:>8}{:>8}",
        "", "weights, states", "MLX", "process"
    );
    for large in found {
        println!("{}", large.line());
    }
    println!();
}

impl Large {
    fn line(&self) -> String {
        let peak = self.peak_gigabytes.value;
        let name = format!("{}, {}", self.setting, self.mode);
        format!(
            "{name:52}{:>16.2}{:>8.2}{:>8}  {}",
            self.setting.floor_bytes() as f64 / GIGABYTE,
            self.run.peak_mlx_bytes as f64 / GIGABYTE,
            peak.map_or_else(|| "-".to_owned(), |peak| format!("{peak:.2}")),
            self.peak_gigabytes.verdict()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_of_the_process_is_held_to_the_target() {
        let run = Run {
            losses: vec![11.09; 2],
            step_seconds: vec![1.0; 2],
            peak_mlx_bytes: 3_500_000_000,
            peak_resident_bytes: Some(4_100_000_000),
        };
        let large = CASES[0].judge(CASES[0].setting(), run);
        assert_eq!(large.peak_gigabytes.is_met, Some(false));
        assert_eq!(
            large.line(),
            "d12, vocabulary 65536, 2 x 1 x 2048, --ultra-low                1.89    3.50    4.10  at most 4: FELL SHORT"
        );
    }
}
