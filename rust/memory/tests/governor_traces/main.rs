//! The traces of `tests/traces`, replayed through the real governor.

mod replay;
mod trace;

use std::path::PathBuf;

use serde_json::Value;

use replay::replay;
use trace::Trace;

fn traces() -> Vec<Trace> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/traces");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    paths.sort();
    paths.iter().map(|path| Trace::read(path)).collect()
}

/// One action a line, as the traces are written.
fn lines(actions: &[Value]) -> String {
    actions
        .iter()
        .map(|action| format!("  {action},\n"))
        .collect()
}

#[test]
fn every_trace_gives_the_actions_it_expects() {
    let wrong: Vec<String> = traces()
        .iter()
        .map(|trace| (trace, replay(trace)))
        .filter(|(trace, actions)| *actions != trace.expected)
        .map(|(trace, actions)| format!("{} ({}):\n{}", trace.name, trace.purpose, lines(&actions)))
        .collect();
    assert!(
        wrong.is_empty(),
        "other actions than expected\n{}",
        wrong.join("\n")
    );
}

#[test]
fn replaying_a_trace_again_gives_the_same_actions() {
    for trace in traces() {
        assert_eq!(replay(&trace), replay(&trace), "{}", trace.name);
    }
}

#[test]
fn the_situations_that_must_be_survived_are_all_there() {
    let names: Vec<String> = traces().into_iter().map(|trace| trace.name).collect();
    for name in [
        "slow squeeze",
        "sudden drop",
        "spike that passes",
        "oscillation at an edge",
        "warning while prefill runs",
        "budget exceeded at the start",
        "no memory ever returned",
        "unknown figures",
        "step that does not fit though pressure is low",
        "critical signal that lasts",
    ] {
        assert!(names.iter().any(|other| other == name), "{name} is missing");
    }
}
