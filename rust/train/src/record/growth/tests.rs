use super::*;

const MIB: u64 = 1 << 20;

/// What is said of active memory that is as given at each step.
fn trend(steps: u64, bytes: impl Fn(u64) -> u64) -> Trend {
    let mut detector = GrowthDetector::new(100);
    for step in 1..=steps {
        detector.observe(step, bytes(step), 0, None);
    }
    detector.report().unwrap().figures[0].trend
}

/// A sequence without a trend (Knuth's constants for a linear congruential generator).
fn noise(step: u64) -> u64 {
    let mixed = step
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (mixed ^ (mixed >> 29)).wrapping_mul(6_364_136_223_846_793_005) >> 44
}

#[test]
fn the_same_at_every_step_is_flat_to_the_byte() {
    assert_eq!(trend(5000, |_| 300 * MIB), Trend::Flat);
    assert_eq!(
        trend(5000, |step| 300 * MIB + u64::from(step == 3000)),
        Trend::Steady
    );
}

#[test]
fn the_warm_up_does_not_count() {
    assert_eq!(
        trend(5000, |step| 300 * MIB + step.min(100) * MIB),
        Trend::Flat
    );
}

#[test]
fn a_few_bytes_a_step_are_growth() {
    assert_eq!(trend(5000, |step| 300 * MIB + 4 * step), Trend::Growing);
    assert_eq!(
        trend(5000, |step| 300 * MIB + 4096 * (step / 50)),
        Trend::Growing
    );
}

#[test]
fn growth_is_seen_through_noise_a_hundred_times_as_large_as_a_step() {
    assert_eq!(
        trend(5000, |step| 300 * MIB + 10_000 * step + noise(step)),
        Trend::Growing
    );
    assert_eq!(trend(5000, |step| 300 * MIB + noise(step)), Trend::Steady);
}

#[test]
fn what_is_taken_once_does_not_grow() {
    for at in [150, 2000, 4900] {
        let once = |step| 300 * MIB + if step > at { 64 * MIB } else { 0 };
        assert_eq!(trend(5000, once), Trend::Steady, "{at}");
    }
}

#[test]
fn a_saw_and_a_decline_do_not_grow() {
    assert_eq!(
        trend(5000, |step| 300 * MIB + (step % 250) * MIB),
        Trend::Steady
    );
    assert_eq!(trend(5000, |step| 300 * MIB - 4 * step), Trend::Steady);
}

#[test]
fn the_sentence_names_what_grows() {
    let mut detector = GrowthDetector::new(0);
    for step in 1..=100 {
        detector.observe(step, MIB, step % 2, Some(MIB + 512 * step));
    }
    let report = detector.report().unwrap();
    assert!(report.is_growing());
    assert_eq!(
        report.to_string(),
        "over 100 steps active memory is flat to the byte, MLX's cache does not grow (0.0 ± 0.0 \
         bytes a step), and the footprint grows by 512.0 ± 0.0 bytes a step"
    );
}

#[test]
fn a_figure_that_is_unknown_is_left_out_and_few_steps_say_nothing() {
    let mut detector = GrowthDetector::new(10);
    for step in 501..=521 {
        detector.observe(step, step, step, None);
        assert_eq!(detector.report(), None, "{step}");
    }
    detector.observe(522, 522, 522, None);
    assert_eq!(detector.report().unwrap().figures.len(), 2);
}
