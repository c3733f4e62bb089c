//! The outcome as a table: a line for each family.

use super::outcome::{Outcome, Speeds};
use super::{NEW_TOKENS, ROUNDS};

pub(crate) fn print(outcomes: &[Outcome]) {
    let prompt_tokens = outcomes.first().and_then(|first| first.prompt_tokens);
    println!("\nEvery family at 4 bits, tokens/s: headroom, mlx-lm, ratio, target");
    println!(
        "{} prompt tokens, {NEW_TOKENS} new; median of {ROUNDS}",
        prompt_tokens.map_or("unknown".to_owned(), |tokens| tokens.to_string())
    );
    println!("{:13}{:44}decode", "", "prefill");
    for outcome in outcomes {
        println!("{}", line(outcome));
    }
    println!();
}

fn line(outcome: &Outcome) -> String {
    let columns = format!(
        "{:13}{:44}{:44}",
        outcome.family,
        columns(outcome.prefill),
        columns(outcome.decode)
    );
    columns.trim_end().to_owned()
}

fn columns(speeds: Speeds) -> String {
    let shown = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.1}"));
    format!(
        "{:>6}{:>7}{:>7}  {}",
        shown(speeds.headroom),
        shown(speeds.mlx_lm),
        shown(speeds.judged.value),
        speeds.judged.verdict()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::target::Target;

    #[test]
    fn a_line_tells_both_speeds_their_ratio_and_the_verdict() {
        let outcome = Outcome {
            family: "gemma3_text",
            prompt_tokens: Some(128),
            prefill: Speeds::judge(Some(200.0), Some(4.0), Target::AtLeast(10.0)),
            decode: Speeds::judge(Some(3.04), None, Target::AtLeast(1.0)),
        };
        assert_eq!(
            line(&outcome),
            "gemma3_text   200.0    4.0   50.0  at least 10: met         3.0      -      -  at least 1: unknown"
        );
    }
}
