//! Chat templates that would take all memory, all time or all stack.

mod growth;
mod syntax;
mod work;

use crate::case::Case;

/// Templates that must be refused, with words of the refusal.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = growth::growing_text();
    cases.extend(growth::growing_lists());
    cases.extend(work::endless_work());
    cases.extend(work::deep_values());
    cases.extend(syntax::deep_syntax());
    cases.extend(syntax::foreign_statements());
    cases.extend(syntax::broken());
    cases
}

const TOO_MUCH: &str = "makes more than 16 MiB";
const TOO_LONG: &str = "steps";
const TOO_DEEP: &str = "deeper than 32 levels";

fn case(name: &str, source: impl Into<String>, expected: &str) -> Case {
    Case::text(name, source, expected)
}

/// Repeats a statement many times in a loop.
fn often(statement: &str) -> String {
    format!(
        "{{% set ns = namespace(x='ab', n=1, l=[1]) %}}{{% for i in range(9999) %}}{statement}{{% endfor %}}"
    )
}
