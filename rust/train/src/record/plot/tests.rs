use std::fs;

use proptest::prelude::*;

use super::*;
use crate::record::RunLog;
use crate::record::step_record::example::{evaluation, step};
use crate::record::step_record::{Record, StepRecord};

/// The three plots of a log.
fn plots(lines: impl IntoIterator<Item = Record>) -> [String; 3] {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log.jsonl");
    let lines = lines.into_iter();
    let text: String = lines
        .map(|line| serde_json::to_string(&line).unwrap() + "\n")
        .collect();
    fs::write(&log, text).unwrap();
    let plots = directory.path().join("plots");
    let paths = plot(&log, &plots).unwrap();
    let names = ["loss.svg", "learning_rate.svg", "memory.svg"];
    assert_eq!(paths, names.map(|name| plots.join(name)));
    names.map(|name| {
        let svg = fs::read_to_string(plots.join(name)).unwrap();
        assert!(svg.trim_end().ends_with("</svg>"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        svg
    })
}

fn run(steps: u64) -> impl Iterator<Item = Record> {
    (1..=steps).flat_map(|number| {
        let evaluation = (number % 50 == 0).then(|| Record::Evaluation(evaluation(number)));
        [Record::Step(step(number))].into_iter().chain(evaluation)
    })
}

#[test]
fn every_curve_is_named_with_its_unit() {
    let [loss, learning_rate, memory] = plots(run(200));
    for name in [
        "Loss",
        "training",
        "smoothed",
        "validation, 3.850 at the end",
    ] {
        assert!(loss.contains(name), "{name}");
    }
    for name in ["nats per token", "bits per byte of held-out text", "steps"] {
        assert!(loss.contains(name), "{name}");
    }
    assert!(learning_rate.contains("share of the peak"));
    for name in ["footprint, up to 600 MiB", "budget, 1024 MiB", "MiB"] {
        assert!(memory.contains(name), "{name}");
    }
    assert!(memory.contains("MLX&apos;s cache, up to 20 MiB") || memory.contains("MLX's cache"));
}

#[test]
fn one_step_and_two_are_drawn_too() {
    for steps in [1, 2] {
        let [loss, ..] = plots(run(steps));
        assert_eq!(loss.contains("<circle"), steps == 1, "a line needs two");
        assert!(!loss.contains("Bits per byte"), "there was no evaluation");
    }
}

#[test]
fn a_long_run_makes_no_larger_plot() {
    let [loss, ..] = plots(run(100_000));
    assert!(loss.len() < 200_000, "{}", loss.len());
}

#[test]
fn a_loss_that_is_no_number_is_told() {
    let lost = |number| {
        Record::Step(StepRecord {
            loss: f64::NAN,
            ..step(number)
        })
    };
    let [loss, ..] = plots(run(20).chain([lost(21), lost(22)]));
    assert!(loss.contains("The loss was no number at 2 steps, first at step 21."));
    plots([lost(1)]);
}

#[test]
fn a_budget_far_above_all_is_a_note_and_an_unknown_one_nothing() {
    let with_budget = |budget_bytes| {
        let step = StepRecord {
            budget_bytes,
            footprint_bytes: None,
            ..step(1)
        };
        let [.., memory] = plots([Record::Step(step)]);
        memory
    };
    assert!(with_budget(Some(1 << 40)).contains("The budget of 1024.0 GiB is far above"));
    let unknown = with_budget(None);
    assert!(!unknown.contains("budget") && !unknown.contains("footprint"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_figures_are_drawn(
        figures in prop::collection::vec((any::<u64>(), any::<f64>(), any::<f64>(), any::<u64>()), 1..6)
    ) {
        let record = |(number, loss, learning_rate, bytes)| Record::Step(StepRecord {
            loss,
            learning_rate,
            footprint_bytes: Some(bytes),
            step: number,
            ..step(1)
        });
        plots(figures.into_iter().map(record));
    }

    #[test]
    fn large_figures_that_hardly_differ_are_drawn(loss in 0.0..1e29f64, places in 1..4u32) {
        let next = (0..places).fold(loss, |loss, _| loss.next_up());
        let record = |number, loss| Record::Step(StepRecord { loss, ..step(number) });
        plots([record(1, loss), record(2, next)]);
    }
}

#[test]
fn a_log_without_a_step_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log.jsonl");
    RunLog::create(&log).unwrap();
    let refused = plot(&log, directory.path());
    assert!(matches!(refused, Err(RecordError::NoSteps { .. })));
}

#[test]
#[ignore = "writes plots to look at into the directory that HEADROOM_PLOTS names"]
fn plots_to_look_at() {
    let directory = std::env::var("HEADROOM_PLOTS").unwrap();
    for steps in [1, 2, 60, 3000, 100_000] {
        let directory = Path::new(&directory).join(steps.to_string());
        fs::create_dir_all(&directory).unwrap();
        let lines = run(steps).map(|record| serde_json::to_string(&record).unwrap() + "\n");
        let log = directory.join("log.jsonl");
        fs::write(&log, lines.collect::<String>()).unwrap();
        plot(&log, &directory).unwrap();
    }
}
