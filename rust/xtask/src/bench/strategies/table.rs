//! The outcome of a subject as a table, a line a strategy.

use super::outcome::{Medians, Outcome, StrategyOutcome};
use crate::bench::target::Judged;

/// Prints one subject's table.
pub(crate) fn print(outcome: &Outcome) {
    println!("\nStrategies, {}", outcome.subject);
    println!(
        "{} prompt tokens, {} new; median of {}; saving and speed against no strategy, next tokens \
         against full precision; targets are lower bounds",
        outcome.prompt_tokens, outcome.new_tokens, outcome.rounds
    );
    println!(
        "{}{:>9}  {:16}{:>7}  {:17}{:>10}  target",
        medians_heading(),
        "saving",
        "target",
        "speed",
        "target",
        "agreement"
    );
    println!("{}", medians("none", outcome.without));
    for strategy in &outcome.strategies {
        println!("{}", line(strategy));
    }
    println!();
}

fn medians_heading() -> String {
    format!(
        "{:13}{:>12}{:>15}{:>14}",
        "", "peak MLX", "prefill", "decode"
    )
}

fn medians(name: &str, medians: Medians) -> String {
    format!(
        "{name:13}{:>8.2} MiB{:>9.1} tok/s{:>8.1} tok/s",
        medians.peak_mlx_bytes / f64::from(1 << 20),
        medians.prefill_tokens_per_second,
        medians.decode_tokens_per_second
    )
}

fn line(outcome: &StrategyOutcome) -> String {
    let line = format!(
        "{}{:>9}  {:16}{:>7}  {:17}",
        medians(outcome.strategy.as_str(), outcome.medians),
        value(&outcome.saving, 3),
        verdict(&outcome.saving),
        value(&outcome.speed, 3),
        verdict(&outcome.speed),
    );
    match &outcome.agreement {
        Some(agreement) => format!("{line}{:>10}  {}", value(agreement, 4), verdict(agreement)),
        None => line.trim_end().to_owned(),
    }
}

fn value(judged: &Judged, decimals: usize) -> String {
    judged.value.map_or_else(
        || "unknown".to_owned(),
        |value| format!("{value:.decimals$}"),
    )
}

fn verdict(judged: &Judged) -> String {
    format!("{}: {}", judged.target.bound(), judged.word())
}

#[cfg(test)]
mod tests {
    use headroom_memory::Strategy;

    use super::*;
    use crate::bench::target::Target;

    fn outcome(agreement: Option<Judged>) -> StrategyOutcome {
        StrategyOutcome {
            strategy: Strategy::Aggressive,
            medians: Medians {
                peak_mlx_bytes: f64::from(5 << 19),
                prefill_tokens_per_second: 1000.0,
                decode_tokens_per_second: 99.96,
            },
            saving: Judged::new(Some(0.625), Target::AtLeast(0.6)),
            speed: Judged::new(Some(0.8), Target::AtLeast(0.9)),
            agreement,
        }
    }

    #[test]
    fn a_line_tells_each_figure_its_bound_and_the_verdict() {
        let agreement = Judged::new(Some(0.988), Target::AtLeast(0.95));
        assert_eq!(
            line(&outcome(Some(agreement))),
            "aggressive       2.50 MiB   1000.0 tok/s   100.0 tok/s    0.625  0.6: met          0.800  \
             0.9: FELL SHORT      0.9880  0.95: met"
        );
    }

    #[test]
    fn an_agreement_that_was_not_measured_is_left_out() {
        assert!(line(&outcome(None)).ends_with("0.9: FELL SHORT"));
    }
}
