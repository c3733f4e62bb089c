//! What a run may use is kept to. In a process of its own, for the limit is the process's.

#[allow(dead_code, reason = "each of the tests takes what it needs")]
mod workplace;

use headroom_train::run::Resume;
use serde_json::json;
use workplace::{Stopper, Workplace};

#[test]
fn a_budget_is_refused_where_it_is_too_small_and_held_where_it_is_not() {
    let workplace = Workplace::new();
    let sentence = workplace.refusal("none", json!({"depth": 8, "max-memory": 60 << 20}));
    assert!(
        sentence.contains("60.0 MiB") && sentence.contains("weights"),
        "{sentence}"
    );
    let more = |max_memory: u64| {
        json!({
            "depth": 8, "context": 1024, "device-batch-size": 1, "total-batch-size": 1024,
            "num-iterations": 2, "eval-every": 0, "save-every": 0, "max-memory": max_memory,
        })
    };
    let budget = headroom_memory::peak_footprint_bytes().unwrap() + (480 << 20);
    let mut observer = Stopper::never();
    let outcome = workplace.train("tight", more(budget), Resume::No, &mut observer);
    let peak = outcome.unwrap().peak_footprint_bytes.unwrap();
    assert!(peak <= budget, "{peak} of {budget}");
    let plan = &observer.plans[0];
    assert!(plan.contains("computed again"), "{plan}");
    println!("{plan}: {peak} of {budget}");
    let outcome = workplace.trained("free", more(4 << 30));
    assert!(
        outcome.peak_footprint_bytes.unwrap() > budget,
        "the tight budget was none"
    );
}
