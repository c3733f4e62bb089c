//! The outcome as a table: a block of lines for each setting.

use super::ROUNDS;
use super::outcome::{Compared, Outcome};

pub(crate) fn print(outcomes: &[Outcome]) {
    println!("\nTraining beside Python MLX (one graph, the same BLAS), float32");
    println!(
        "micro-batches x rows x tokens; median of {ROUNDS}; peaks above weights and optimizer states: \
         of the process, code and interpreter included, and of MLX's arrays"
    );
    println!("{:28}{:>12}{:>12}{:>8}", "", "headroom", "Python", "ratio");
    for outcome in outcomes {
        println!("{}, {} steps", outcome.setting, outcome.setting.steps);
        for line in lines(outcome) {
            println!("{line}");
        }
    }
    println!();
}

fn lines(outcome: &Outcome) -> [String; 4] {
    [
        line("  tokens/s", &outcome.tokens_per_second, 1.0),
        line("  process, MiB", &outcome.resident_above_floor, MEBIBYTE),
        line("  MLX, MiB", &outcome.mlx_above_floor, MEBIBYTE),
        format!(
            "{:28}{:>12}{:>12}",
            "  loss of the last step",
            shown(outcome.last_losses[0], 4),
            shown(outcome.last_losses[1], 4)
        ),
    ]
}

const MEBIBYTE: f64 = 1_048_576.0;

fn line(name: &str, compared: &Compared, unit: f64) -> String {
    format!(
        "{name:28}{:>12}{:>12}{:>8}  {}",
        shown(compared.headroom.map(|value| value / unit), 1),
        shown(compared.python.map(|value| value / unit), 1),
        shown(compared.judged.value, 2),
        compared.judged.verdict()
    )
}

fn shown(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::target::{Judged, Target};

    #[test]
    fn a_line_tells_both_figures_their_ratio_and_the_verdict() {
        let compared = Compared {
            headroom: Some(2.0 * MEBIBYTE),
            python: None,
            judged: Judged::new(None, Target::AtMost(0.25)),
        };
        assert_eq!(
            line("  MLX, MiB", &compared, MEBIBYTE),
            "  MLX, MiB                           2.0           -       -  at most 0.25: unknown"
        );
    }
}
