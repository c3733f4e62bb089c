//! `headroom train plot`, and a run as `headroom memory --run` shows it.

mod support;

use std::fs;

use serde_json::Value;
use support::{headroom, output_of, refusal};
use tempfile::TempDir;

/// The output directory of a run that has done two steps and an evaluation.
fn output() -> TempDir {
    let output = tempfile::tempdir().unwrap();
    let step = |step: u64| {
        format!(
            r#"{{"kind":"step","step":{step},"tokens":512,"loss":3.5,"learning_rate":1.0,"gradient_norm":0.5,"seconds":0.5,"tokens_per_second":1024.0,"active_bytes":1048576,"cache_bytes":0,"peak_bytes":2097152,"footprint_bytes":4194304,"budget_bytes":8388608}}"#
        )
    };
    let evaluation = r#"{"kind":"evaluation","step":2,"bits_per_byte":1.5,"loss":3.25,"tokens":9,"bytes":20,"seconds":1.0}"#;
    let log = [&step(1), &step(2), evaluation, r#"{"kind":"st"#].join("\n");
    fs::write(output.path().join("log.jsonl"), log).unwrap();
    output
}

#[test]
fn plots_of_a_run_lie_beside_its_log_or_where_it_is_said() {
    let run = output();
    let elsewhere = run.path().join("plots");
    let directory = run.path().to_str().unwrap();
    let printed = output_of(["train", "plot", "--run", directory]);
    for (line, name) in printed.lines().zip(["loss", "learning_rate", "memory"]) {
        let path = run.path().join(format!("{name}.svg"));
        assert_eq!(line, path.to_str().unwrap());
        assert!(fs::read_to_string(path).unwrap().contains("<svg"));
    }
    let there = elsewhere.to_str().unwrap();
    output_of(["train", "plot", "--run", directory, "--output", there]);
    let loss = fs::read_to_string(elsewhere.join("loss.svg")).unwrap();
    assert!(loss.contains("1 line of the log could not be read."));
}

#[test]
fn a_directory_without_a_run_is_one_sentence() {
    let empty = tempfile::tempdir().unwrap();
    let directory = empty.path().to_str().unwrap();
    let refused = refusal(&mut headroom(["train", "plot", "--run", directory]));
    assert_eq!(refused.exit_code, 2);
    assert!(
        refused
            .sentence
            .contains("log.jsonl is not there; give the output directory")
    );
}

#[test]
fn memory_shows_a_run_to_people_and_to_programs() {
    let run = output();
    let directory = run.path().to_str().unwrap();
    let table = output_of(["memory", "--run", directory]);
    let expected = "run: training has ended, step 2, loss 3.5000, 1.5000 bits per byte, 1,024 \
                    tokens/s, footprint 4.0 MiB (50 %), budget 8.0 MiB, MLX active 1.0 MiB, peak \
                    2.0 MiB\n";
    assert!(table.contains(expected), "{table}");
    let json = output_of(["memory", "--json", "--run", directory]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["run"]["step"]["loss"], 3.5);
    assert_eq!(json["run"]["is_running"], false);
    assert!(json["budget_bytes"].is_u64());
}

#[test]
fn a_run_that_has_not_begun_can_be_watched_for() {
    let empty = tempfile::tempdir().unwrap();
    let directory = empty.path().to_str().unwrap();
    let table = output_of(["memory", "--run", directory]);
    assert!(table.contains("run: nothing trains in "), "{table}");
}
