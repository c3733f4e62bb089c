//! The figures as tables for people and as JSON for programs.

use serde_json::{Value, json};

use super::comparison::{Comparison, Figure, compare};
use super::contender::Contender;
use super::{CheckpointResult, ROUNDS};

pub(crate) fn print_result(result: &CheckpointResult) {
    let checkpoint = &result.checkpoint;
    println!("\n{}", checkpoint.name);
    println!("{}; median of {ROUNDS}", work(result));
    let comparisons = compare(result);
    println!("{}", heading(&comparisons));
    for comparison in &comparisons {
        println!("{}", line(comparison));
    }
    for reason in comparisons.iter().filter_map(|one| reason(one, result)) {
        println!("{reason}");
    }
    println!();
}

fn work(result: &CheckpointResult) -> String {
    let mut samples = result.runs.iter().flat_map(|runs| &runs.samples);
    let prompt_tokens = samples.next().map(|sample| sample.figures.prompt_tokens);
    let new_tokens = result.checkpoint.new_tokens;
    format!("{} prompt tokens, {new_tokens} new", shown(prompt_tokens))
}

fn heading(comparisons: &[Comparison]) -> String {
    let mut text = format!("{:17}", "");
    if let Some(first) = comparisons.first() {
        for (contender, _) in &first.medians {
            text += &format!("{:>17}", contender.name());
        }
        for (contender, _) in &first.ratios {
            text += &format!("{:>10}", ratio_heading(*contender));
        }
    }
    text + "  target"
}

fn ratio_heading(peer: Contender) -> &'static str {
    match peer {
        Contender::MlxLmWithOpenBlas => "+OpenBLAS",
        _ => "ratio",
    }
}

fn line(comparison: &Comparison) -> String {
    let mut text = format!("{:17}", name(comparison.figure));
    for (_, median) in &comparison.medians {
        text += &format!("{:>17}", value(comparison.figure, *median));
    }
    for (_, ratio) in &comparison.ratios {
        let ratio = ratio.map(|ratio| format!("{ratio:.2}"));
        text += &format!("{:>10}", shown(ratio));
    }
    text + &verdict(comparison)
}

fn name(figure: Figure) -> &'static str {
    match figure {
        Figure::ColdStartSeconds => "cold start",
        Figure::PrefillTokensPerSecond => "prefill",
        Figure::DecodeTokensPerSecond => "decode",
        Figure::PeakResidentBytes => "peak resident",
    }
}

fn value(figure: Figure, median: Option<f64>) -> String {
    let text = median.map(|median| match figure {
        Figure::ColdStartSeconds => format!("{median:.3} s"),
        Figure::PrefillTokensPerSecond | Figure::DecodeTokensPerSecond => {
            format!("{median:.1} tok/s")
        }
        Figure::PeakResidentBytes => format!("{:.1} MiB", median / f64::from(1 << 20)),
    });
    shown(text)
}

fn verdict(comparison: &Comparison) -> String {
    comparison.judged.map_or_else(
        || "  none".to_owned(),
        |judged| format!("  {}", judged.verdict()),
    )
}

/// Why a figure fell short, where the measurements themselves tell.
fn reason(comparison: &Comparison, result: &CheckpointResult) -> Option<String> {
    let judged = comparison.judged?;
    if comparison.figure != Figure::PeakResidentBytes || judged.is_met != Some(false) {
        return None;
    }
    let of = |wanted| {
        let found = comparison.medians.iter().find(|(one, _)| *one == wanted);
        found.and_then(|(_, median)| *median)
    };
    let (ours, theirs) = (of(Contender::Headroom)?, of(Contender::MlxLm)?);
    let weights = result.weight_bytes as f64;
    let shown = |bytes: f64| value(Figure::PeakResidentBytes, Some(bytes));
    Some(format!(
        "peak resident: the weights alone take {}, {:.2} of mlx-lm's peak; the target leaves {} \
         for everything else, headroom took {}",
        shown(weights),
        weights / theirs,
        shown(judged.target.bound() * theirs - weights),
        shown(ours - weights),
    ))
}

fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |value| value.to_string())
}

/// Every sample and every comparison.
pub(crate) fn json(results: &[CheckpointResult]) -> Value {
    let checkpoints: Vec<_> = results
        .iter()
        .map(|result| json!({ "measured": result, "comparisons": compare(result) }))
        .collect();
    json!({ "rounds": ROUNDS, "checkpoints": checkpoints })
}
