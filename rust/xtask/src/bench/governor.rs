//! What the governor takes of the time in which tokens are made.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::generation::{Figures, Generation};
use super::median::median;
use super::target::{Judged, Target};
use crate::process::announce;
use crate::workspace::Workspace;

/// Odd, so that a median is a measurement.
const ROUNDS: usize = 5;
const TARGET: Target = Target::AtMost(0.01);
const NEW_TOKENS: usize = 256;
/// The shipped model goes on from here for more than [`NEW_TOKENS`] tokens.
const PROMPT: &str = "Once upon a time";

/// Generates, prints the governor's share and returns what was measured.
pub(crate) fn measure(workspace: &Workspace, headroom: &Path) -> Result<Value> {
    announce("Measuring the governor");
    let generation = Generation {
        model: workspace.root().join("assets/storyteller"),
        prompt: PROMPT.to_owned(),
        new_tokens: NEW_TOKENS,
    };
    let samples = (0..ROUNDS)
        .map(|_| generation.run(headroom, None))
        .collect::<Result<Vec<_>>>()?;
    let judged = Judged::new(median(samples.iter().map(share_of_decode_time)), TARGET);
    print(&judged);
    Ok(json!({ "share_of_decode_time": judged, "samples": samples }))
}

/// Looks during prefill are counted too, so the share is rather too large.
fn share_of_decode_time(figures: &Figures) -> f64 {
    let decode_seconds = figures.generated_tokens as f64 / figures.generation_tokens_per_second;
    figures.governing_seconds / decode_seconds
}

fn print(judged: &Judged) {
    println!("\nGovernor, on the shipped model");
    println!("{NEW_TOKENS} new tokens; median of {ROUNDS}");
    let share = judged
        .value
        .map_or_else(|| "unknown".to_owned(), |share| format!("{share:.4}"));
    println!(
        "{:24}{share:>12}  {}\n",
        "share of decode time",
        judged.verdict()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_of_the_time_that_all_new_tokens_took() {
        let figures = Figures {
            prompt_tokens: 4,
            generated_tokens: 200,
            prompt_tokens_per_second: 1000.0,
            generation_tokens_per_second: 100.0,
            governing_seconds: 0.01,
            peak_mlx_bytes: 1,
        };
        assert_eq!(share_of_decode_time(&figures), 0.005);
    }
}
