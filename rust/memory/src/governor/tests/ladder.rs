//! What is given up, how far and how fast, and when the generation ends.

use super::*;
use crate::fit::KvQuantization;

const TO_EIGHT_BITS: Action = Action::QuantizeKv(KvQuantization::EIGHT_BITS);
const TO_FOUR_BITS: Action = Action::QuantizeKv(KvQuantization::FOUR_BITS);
const EMPTY_CACHE: Action = Action::ShrinkCache { limit_bytes: 0 };

fn step(tokens: u32) -> Action {
    Action::ReducePrefillStep { tokens }
}

#[test]
fn nothing_is_asked_while_memory_is_plentiful() {
    let actions = actions_over(&mut Governor::default(), &mut observation(400), 60);
    assert_eq!(actions, []);
}

#[test]
fn medium_pressure_costs_only_speed() {
    let actions = actions_over(&mut Governor::default(), &mut observation(600), 60);
    let quarter = Action::ShrinkCache {
        limit_bytes: 4 * MIB,
    };
    assert_eq!(actions, [quarter, step(256), step(128)]);
}

#[test]
fn high_pressure_goes_as_far_as_eight_bits_and_idle_caches() {
    let actions = actions_over(&mut Governor::default(), &mut observation(750), 60);
    assert_eq!(
        actions,
        [
            EMPTY_CACHE,
            step(256),
            step(128),
            step(64),
            step(32),
            TO_EIGHT_BITS,
            Action::DropIdlePromptCaches,
        ]
    );
}

#[test]
fn critical_pressure_gives_up_all_but_the_generation() {
    let actions = actions_over(&mut Governor::default(), &mut observation(900), 60);
    let steps = [256, 128, 64, 32, 16].map(step);
    let bounds = [2000, 1024].map(|max_size| Action::BoundKv { max_size });
    let mut expected = vec![EMPTY_CACHE];
    expected.extend(steps);
    expected.extend([TO_EIGHT_BITS, TO_FOUR_BITS, Action::DropIdlePromptCaches]);
    expected.extend(bounds);
    expected.push(Action::UnloadIdleModels);
    assert_eq!(actions, expected);
}

#[test]
fn pressure_takes_one_rung_and_waits_to_see_its_effect() {
    let mut governor = Governor::default();
    let mut observed = observation(750);
    assert_eq!(pause(&mut governor, &mut observed), [EMPTY_CACHE]);
    observed.at = Duration::from_millis(499);
    assert_eq!(pause(&mut governor, &mut observed), []);
    observed.at = Duration::from_millis(500);
    assert_eq!(pause(&mut governor, &mut observed), [step(256)]);
}

#[test]
fn a_step_that_does_not_fit_takes_every_rung_at_once_and_then_stops() {
    let mut observed = observation(400);
    observed.work.next_step_bytes = 1 << 40;
    let actions = pause(&mut Governor::default(), &mut observed);
    assert_eq!(
        actions[..4],
        [EMPTY_CACHE, step(16), TO_EIGHT_BITS, TO_FOUR_BITS]
    );
    assert_eq!(actions.last(), Some(&Action::Stop));
}

#[test]
fn a_prefill_step_shrinks_at_once_to_what_fits_by_proportion() {
    let mut observed = observation(400);
    observed.cache = None;
    observed.work.next_step_bytes = 580 * 8 * MIB;
    let decision = Governor::default().next_action(&observed).unwrap();
    assert_eq!(decision.action, step(64));
}

#[test]
fn the_reserve_is_two_percent_and_at_least_four_mebibytes() {
    let spare = |budget_mib: u64, available_mib: u64| {
        let observed = Observation {
            budget_bytes: Some(budget_mib * MIB),
            available_bytes: Some(available_mib * MIB),
            ..Observation::default()
        };
        GovernorSettings::default().spare_bytes(&observed).unwrap() / MIB
    };
    assert_eq!(spare(1000, 100), 80);
    assert_eq!(spare(100, 50), 46);
    assert_eq!(spare(100, 3), 0);
}

#[test]
fn a_budget_that_is_exceeded_is_a_shortage_whatever_the_next_step_takes() {
    let mut observed = observation(1001);
    observed.work.next_step_bytes = 0;
    let decision = Governor::default().next_action(&observed).unwrap();
    assert_eq!(decision.reason, Reason::OverBudget { excess_bytes: MIB });
    let actions = pause(&mut Governor::default(), &mut observed);
    assert_eq!(actions.last(), Some(&Action::Stop));
}

#[test]
fn keys_and_values_are_left_alone_where_rewriting_them_does_not_fit() {
    let mut observed = observation(1001);
    observed.work.kv.rewrite_bytes = 1;
    let actions = pause(&mut Governor::default(), &mut observed);
    assert!(!actions.contains(&TO_EIGHT_BITS));
    assert!(
        !actions
            .iter()
            .any(|action| matches!(action, Action::BoundKv { .. }))
    );
}

#[test]
fn rungs_that_would_free_nothing_are_skipped() {
    let mut observed = observation(1001);
    observed.cache = observed
        .cache
        .map(|cache| AllocatorCache { bytes: 0, ..cache });
    observed.work = Work {
        kv: KvSituation {
            quantization: Some(KvQuantization::FOUR_BITS),
            tokens: 256,
            ..observed.work.kv
        },
        ..Work::default()
    };
    let actions = pause(&mut Governor::default(), &mut observed);
    assert_eq!(actions, [Action::Stop]);
}

#[test]
fn the_last_tokens_of_a_prompt_count_instead_of_the_step() {
    let mut observed = observation(900);
    observed.cache = None;
    observed.work.phase = Phase::Prefill {
        step: 512,
        usual_step: 512,
        remaining_tokens: 100,
    };
    let decision = Governor::default().next_action(&observed).unwrap();
    assert_eq!(decision.action, step(32));
}

#[test]
fn the_group_size_is_the_one_that_the_model_allows() {
    let mut observed = observation(750);
    observed.cache = None;
    observed.work.phase = Phase::Decode;
    observed.work.kv.quantizable_group_size = Some(32);
    let decision = Governor::default().next_action(&observed).unwrap();
    let expected = KvQuantization {
        bits: 8,
        group_size: 32,
    };
    assert_eq!(decision.action, Action::QuantizeKv(expected));
}

#[test]
fn an_action_that_changes_nothing_is_not_asked_for_again() {
    let observed = observation(1001);
    let mut governor = Governor::default();
    let actions: Vec<Action> = (0..20)
        .filter_map(|_| governor.next_action(&observed))
        .map(|decision| decision.action)
        .collect();
    assert_eq!(actions[..3], [EMPTY_CACHE, step(16), TO_EIGHT_BITS]);
    assert_eq!(actions[6..], [Action::Stop; 14]);
}

#[test]
fn unknown_figures_never_stop_and_the_signal_alone_decides() {
    let mut observed = Observation {
        budget_bytes: None,
        used_bytes: None,
        available_bytes: None,
        ..observation(0)
    };
    let mut governor = Governor::default();
    observed.work.next_step_bytes = u64::MAX;
    assert_eq!(actions_over(&mut governor, &mut observed, 60), []);
    observed.system_signal = Some(Pressure::High);
    let actions = actions_over(&mut governor, &mut observed, 60);
    assert_eq!(actions.len(), 7);
    assert!(!actions.contains(&Action::Stop));
}

#[test]
fn a_critical_signal_that_outlasts_the_ladder_stops() {
    let mut governor = Governor::default();
    let mut observed = observation(400);
    observed.system_signal = Some(Pressure::Critical);
    let first = actions_over(&mut governor, &mut observed, 15);
    assert!(!first.contains(&Action::Stop));
    assert_eq!(
        actions_over(&mut governor, &mut observed, 3)[0],
        Action::Stop
    );
}

#[test]
fn a_process_that_is_critical_by_its_own_figures_goes_on_while_its_steps_fit() {
    let actions = actions_over(&mut Governor::default(), &mut observation(900), 600);
    assert!(!actions.contains(&Action::Stop));
}
