//! What a run may use is kept to. In a process of its own, for the limit is the process's.

mod workplace;

use serde_json::json;
use workplace::{Stopper, Workplace};

#[test]
fn a_budget_below_the_need_is_refused_with_what_would_do() {
    let workplace = Workplace::new();
    let sentence = workplace.refusal("run", json!({"depth": 8, "max-memory": 60 << 20}));
    assert!(
        sentence.contains("60.0 MiB") && sentence.contains("weights"),
        "{sentence}"
    );
}
