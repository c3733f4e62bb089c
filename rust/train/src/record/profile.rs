//! Where the time and the memory of a run went, phase by phase.

use std::collections::BTreeMap;

use super::step_record::{EvaluationRecord, Phase, StepRecord};

/// What is known of the phases of all steps so far, in constant memory.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    steps: u64,
    /// Of all steps, whatever was in them.
    seconds: f64,
    phases: BTreeMap<Phase, Total>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Total {
    seconds: f64,
    peak_bytes: Option<u64>,
}

/// One phase of a [`Profile`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhaseProfile {
    /// `None` for the time of steps in which no phase was.
    pub phase: Option<Phase>,
    /// In all steps together.
    pub seconds: f64,
    /// Of the time of the run, 0 to 1.
    pub share: f64,
    /// For each step, also for what is not done at every step.
    pub seconds_per_step: f64,
    /// The most that was active in it.
    pub peak_bytes: Option<u64>,
}

impl Profile {
    /// Takes in a step. One without phases was not measured and does not count.
    pub fn observe_step(&mut self, record: &StepRecord) {
        if record.phases.is_empty() {
            return;
        }
        self.steps += 1;
        self.seconds += finite(record.seconds);
        for (&phase, cost) in &record.phases {
            self.add(phase, cost.seconds, Some(cost.peak_bytes));
        }
    }

    /// Takes in an evaluation, whose time is none of a step's.
    pub fn observe_evaluation(&mut self, record: &EvaluationRecord) {
        self.seconds += finite(record.seconds);
        self.add(Phase::Evaluation, record.seconds, record.peak_bytes);
    }

    fn add(&mut self, phase: Phase, seconds: f64, peak_bytes: Option<u64>) {
        let total = self.phases.entry(phase).or_default();
        total.seconds += finite(seconds);
        total.peak_bytes = total.peak_bytes.max(peak_bytes);
    }

    /// Steps that were measured.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Every phase that took time, in the order of their work, and last what lay between them. Empty
    /// where no step was measured.
    pub fn phases(&self) -> Vec<PhaseProfile> {
        if self.steps == 0 {
            return Vec::new();
        }
        let in_phases: f64 = self.phases.values().map(|total| total.seconds).sum();
        let between = Total {
            seconds: (self.seconds - in_phases).max(0.0),
            peak_bytes: None,
        };
        let phases = self.phases.iter();
        let phases = phases.map(|(&phase, &total)| (Some(phase), total));
        let whole = self.seconds.max(in_phases);
        phases
            .chain([(None, between)])
            .map(|(phase, total)| total.profile(phase, whole, self.steps))
            .collect()
    }
}

impl Total {
    fn profile(self, phase: Option<Phase>, whole_seconds: f64, steps: u64) -> PhaseProfile {
        PhaseProfile {
            phase,
            seconds: self.seconds,
            share: match whole_seconds > 0.0 {
                true => self.seconds / whole_seconds,
                false => 0.0,
            },
            seconds_per_step: self.seconds / steps as f64,
            peak_bytes: self.peak_bytes,
        }
    }
}

fn finite(seconds: f64) -> f64 {
    match seconds.is_finite() {
        true => seconds,
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::PhaseCost;
    use crate::record::step_record::example::{evaluation, step};

    fn measured(backward_seconds: f64, peak_bytes: u64) -> StepRecord {
        let cost = |seconds| PhaseCost {
            seconds,
            peak_bytes,
        };
        StepRecord {
            seconds: 1.0,
            phases: BTreeMap::from([
                (Phase::Forward, cost(0.25)),
                (Phase::Backward, cost(backward_seconds)),
            ]),
            ..step(1)
        }
    }

    #[test]
    fn shares_are_of_all_the_time_and_what_lies_between_phases_is_told() {
        let mut profile = Profile::default();
        profile.observe_step(&measured(0.5, 10));
        profile.observe_step(&measured(0.5, 30));
        profile.observe_evaluation(&evaluation(2));
        profile.observe_evaluation(&evaluation(4));
        let phases = profile.phases();
        let shares: Vec<_> = phases.iter().map(|row| (row.phase, row.share)).collect();
        let expected = [
            (Some(Phase::Forward), 0.125),
            (Some(Phase::Backward), 0.25),
            (Some(Phase::Evaluation), 0.5),
            (None, 0.125),
        ];
        assert_eq!(shares, expected);
        assert_eq!(phases[1].seconds_per_step, 0.5);
        assert_eq!(phases[1].peak_bytes, Some(30));
        assert_eq!(phases[2].peak_bytes, None);
    }

    #[test]
    fn steps_that_were_not_measured_do_not_count() {
        let mut profile = Profile::default();
        profile.observe_step(&step(1));
        assert_eq!((profile.steps(), profile.phases().len()), (0, 0));
    }
}
