//! What holds for every trace.

use proptest::prelude::*;

use super::*;

/// Any observation, with figures that are unknown now and then.
fn any_observation() -> impl proptest::strategy::Strategy<Value = Observation> {
    let sizes = || prop::option::of(0..1200 * MIB);
    let signals = prop::sample::select(vec![
        None,
        Some(Pressure::Low),
        Some(Pressure::High),
        Some(Pressure::Critical),
    ]);
    (
        sizes(),
        sizes(),
        sizes(),
        signals,
        0..100 * MIB,
        0..9000_u32,
    )
        .prop_map(
            |(
                budget_bytes,
                used_bytes,
                available_bytes,
                system_signal,
                next_step_bytes,
                tokens,
            )| {
                let mut observed = Observation {
                    budget_bytes,
                    used_bytes,
                    available_bytes,
                    system_signal,
                    ..observation(0)
                };
                observed.work.next_step_bytes = next_step_bytes;
                observed.work.kv.tokens = tokens;
                observed
            },
        )
}

/// The decisions of a new governor over a trace, each done at once; a new
/// observation each second brings back what the work can bring back.
fn decisions(trace: &[Observation]) -> Vec<Vec<Decision>> {
    let mut governor = Governor::default();
    let mut work = observation(0).work;
    let mut pauses = Vec::new();
    for (second, observed) in (0..).zip(trace) {
        let mut observed = observed.clone();
        observed.at = Duration::from_secs(second);
        observed.work.phase = work.phase;
        let mut decisions = Vec::new();
        while let Some(decision) = governor.next_action(&observed) {
            decisions.push(decision);
            perform(&mut observed, decision.action);
            if decision.action == Action::Stop {
                pauses.push(decisions);
                return pauses;
            }
        }
        work = observed.work;
        pauses.push(decisions);
    }
    pauses
}

proptest! {
    #[test]
    fn every_pause_ends_after_few_actions(trace in prop::collection::vec(any_observation(), 1..40)) {
        for decisions in decisions(&trace) {
            prop_assert!(decisions.len() <= 16, "{decisions:?}");
        }
    }

    #[test]
    fn nothing_is_given_back_under_pressure(trace in prop::collection::vec(any_observation(), 1..40)) {
        for decision in decisions(&trace).concat() {
            prop_assert!(!decision.action.is_restoring() || decision.pressure == Pressure::Low);
        }
    }

    #[test]
    fn no_pause_asks_twice_for_the_same(trace in prop::collection::vec(any_observation(), 1..40)) {
        for decisions in decisions(&trace) {
            for (at, decision) in decisions.iter().enumerate() {
                prop_assert!(!decisions[..at].iter().any(|other| other.action == decision.action));
            }
        }
    }

    #[test]
    fn the_same_trace_gives_the_same_decisions(trace in prop::collection::vec(any_observation(), 1..40)) {
        prop_assert_eq!(decisions(&trace), decisions(&trace));
    }

    #[test]
    fn nothing_unknown_stops(mut trace in prop::collection::vec(any_observation(), 1..40)) {
        for observed in &mut trace {
            observed.available_bytes = None;
            observed.budget_bytes = None;
            observed.system_signal = observed.system_signal.filter(|signal| *signal < Pressure::Critical);
        }
        prop_assert!(decisions(&trace).concat().iter().all(|decision| decision.action != Action::Stop));
    }
}
