//! What comes back, and when.

use super::*;

#[test]
fn what_cost_speed_comes_back_after_calm_one_at_a_time_the_last_first() {
    let mut governor = Governor::default();
    let mut observed = observation(600);
    actions_over(&mut governor, &mut observed, 3);
    observed.used_bytes = Some(400 * MIB);
    assert_eq!(actions_over(&mut governor, &mut observed, 5), []);
    assert_eq!(
        actions_over(&mut governor, &mut observed, 30),
        [
            Action::RestorePrefillStep { tokens: 256 },
            Action::RestorePrefillStep { tokens: 512 },
            Action::RestoreCache {
                limit_bytes: 16 * MIB
            },
        ]
    );
}

#[test]
fn a_step_comes_back_only_if_it_fits() {
    let mut governor = Governor::default();
    let mut observed = observation(400);
    observed.work.next_step_bytes = 300 * MIB;
    observed.work.phase = Phase::Prefill {
        step: 256,
        usual_step: 512,
        remaining_tokens: 4000,
    };
    assert_eq!(actions_over(&mut governor, &mut observed, 60), []);
}

#[test]
fn what_has_to_be_taken_again_soon_waits_twice_as_long() {
    let mut governor = Governor::default();
    let mut observed = observation(600);
    observed.work = Work::default();
    let mut waits = Vec::new();
    for _ in 0..4 {
        observed.used_bytes = Some(600 * MIB);
        observed.cache = observation(0).cache;
        pause(&mut governor, &mut observed);
        let calm_since = observed.at;
        observed.used_bytes = Some(400 * MIB);
        while pause(&mut governor, &mut observed).is_empty() {
            observed.at += Duration::from_secs(1);
        }
        waits.push((observed.at - calm_since).as_secs());
        observed.at += Duration::from_secs(2);
    }
    assert_eq!(waits, [5, 10, 20, 40]);
}

#[test]
fn what_holds_for_a_minute_waits_no_longer_than_at_first() {
    let mut governor = Governor::default();
    let mut observed = observation(600);
    observed.work = Work::default();
    for _ in 0..3 {
        observed.used_bytes = Some(600 * MIB);
        observed.cache = observation(0).cache;
        pause(&mut governor, &mut observed);
        observed.used_bytes = Some(400 * MIB);
        let actions = actions_over(&mut governor, &mut observed, 6);
        assert!(actions[0].is_restoring());
        observed.at += Duration::from_secs(60);
    }
}
