//! Hostile inputs for every gate, each built here and each refused with its sentence: none may crash,
//! take over a second of processor time, or take over 64 MiB above the file's own size. One test in a
//! process of its own, because both figures belong to the process. See README.md beside this file.
#![cfg(target_os = "linux")]

mod case;
mod gates;
mod measure;
mod templates;

use case::Case;
use measure::Cost;

/// A gate takes a file's bytes and says why it refuses them.
type Gate = fn(&[u8]) -> Result<(), String>;

const GATES: &[(&str, Gate, fn() -> Vec<Case>)] =
    &[("chat_template", gates::chat_template, templates::cases)];

#[test]
fn every_hostile_file_is_refused_in_its_words_and_within_bounds() {
    let mut faults = Vec::new();
    let mut dearest = Cost::default();
    let mut count = 0;
    for &(gate_name, gate, cases) in GATES {
        for case in cases() {
            count += 1;
            let name = format!("{gate_name}/{}", case.name);
            let (outcome, cost) = measure::cost_of(&name, || gate(&case.bytes));
            if cost.is_dear() { println!("{name}: {cost}"); }
            dearest = dearest.max(cost);
            faults.extend(fault(&name, &case, outcome));
            faults.extend(cost.over_limit(&name, case.bytes.len() as u64));
        }
    }
    println!("{count} hostile files; the dearest took {dearest}");
    assert!(count >= 1, "only {count} hostile files");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// What is wrong with an outcome, if anything.
fn fault(name: &str, case: &Case, outcome: Result<(), String>) -> Option<String> {
    match outcome {
        Ok(()) => Some(format!("{name} was let through")),
        Err(sentence) if !sentence.contains(&case.expected) => Some(format!(
            "{name}: {sentence:?} does not say {:?}",
            case.expected
        )),
        Err(sentence) if sentence.contains('\n') || sentence.len() > 1 << 16 => Some(format!(
            "{name}: {} bytes are not one sentence",
            sentence.len()
        )),
        Err(_) => None,
    }
}
