//! Time and memory of each phase as a table: what `--profile` prints at the end.

use std::fmt::Write;

use headroom_train::record::{PhaseProfile, Profile};

use crate::figures::size;

/// A line for each phase below a line of headings; a sentence where nothing was measured.
pub(crate) fn table(profile: &Profile) -> String {
    let phases = profile.phases();
    if phases.is_empty() {
        return "no step was measured\n".to_owned();
    }
    let mut table = format!(
        "{:>12}  {:>7}  {:>12}  {:>12}\n",
        "phase", "time", "per step", "peak"
    );
    for phase in &phases {
        // Writing to a string cannot fail.
        let _ = writeln!(table, "{}", row(phase));
    }
    let seconds: f64 = phases.iter().map(|phase| phase.seconds).sum();
    let per_step: f64 = phases.iter().map(|phase| phase.seconds_per_step).sum();
    let peak = phases.iter().filter_map(|phase| phase.peak_bytes).max();
    let _ = writeln!(
        table,
        "{:>12}  {:>7}  {:>12}  {:>12}  over {} steps in {seconds:.1} s",
        "all",
        "100.0 %",
        milliseconds(per_step),
        shown(peak),
        profile.steps()
    );
    table
}

fn row(phase: &PhaseProfile) -> String {
    format!(
        "{:>12}  {:>7}  {:>12}  {:>12}",
        phase.phase.map_or("between", |phase| phase.as_str()),
        format!("{:.1} %", 100.0 * phase.share),
        milliseconds(phase.seconds_per_step),
        shown(phase.peak_bytes)
    )
}

fn milliseconds(seconds: f64) -> String {
    format!("{:.1} ms", 1000.0 * seconds)
}

fn shown(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "unknown".to_owned(), size)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use headroom_train::record::{Phase, PhaseCost, StepRecord};

    use super::*;

    #[test]
    fn every_phase_has_its_share_its_time_and_its_peak() {
        let cost = |seconds, mebibytes: u64| PhaseCost {
            seconds,
            peak_bytes: mebibytes << 20,
        };
        let step = StepRecord {
            step: 1,
            tokens: 1,
            loss: 1.0,
            bits_per_byte: None,
            learning_rate: 1.0,
            gradient_norm: 1.0,
            seconds: 2.0,
            tokens_per_second: 1.0,
            phases: BTreeMap::from([
                (Phase::Backward, cost(1.0, 400)),
                (Phase::Forward, cost(0.5, 300)),
            ]),
            active_bytes: 0,
            cache_bytes: 0,
            peak_bytes: 0,
            footprint_bytes: None,
            budget_bytes: None,
        };
        let mut profile = Profile::default();
        assert_eq!(table(&profile), "no step was measured\n");
        profile.observe_step(&step);
        profile.observe_step(&step);
        let expected = [
            "       phase     time      per step          peak",
            "     forward   25.0 %      500.0 ms     300.0 MiB",
            "    backward   50.0 %     1000.0 ms     400.0 MiB",
            "     between   25.0 %      500.0 ms       unknown",
            "         all  100.0 %     2000.0 ms     400.0 MiB  over 2 steps in 4.0 s",
        ];
        assert_eq!(table(&profile).lines().collect::<Vec<_>>(), expected);
    }
}
