//! Memory does not grow with steps. In a process of its own, for the figures are the process's.

#[allow(dead_code, reason = "each of the tests takes what it needs")]
mod workplace;

use serde_json::json;
use workplace::Workplace;

#[test]
fn five_thousand_steps_hold_the_memory_of_the_first_ones_to_the_byte() {
    let workplace = Workplace::new();
    let more = json!({"depth": 1, "num-iterations": 5000, "total-batch-size": 64, "eval-every": 0, "save-every": 0});
    workplace.trained("run", more);
    let steps = workplace.steps("run");
    let active: Vec<u64> = steps
        .iter()
        .skip(99)
        .map(|step| step.active_bytes)
        .collect();
    assert!(active.iter().all(|bytes| *bytes == active[0]), "{active:?}");
}
