//! Prefill and decode of every model family beside mlx-lm, at 4 bits, in one run.
//!
//! The checkpoints are random, of 30 to 60 million parameters, with the proportions of each family's
//! published models. Each measurement is a process of its own; the contenders take turns, and another
//! one begins each round. mlx-lm is measured as installed: another BLAS changes nothing here, for its
//! product over packed weights uses none.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::{Value, json};

mod outcome;
mod table;

use super::peers::{Checkpoint, Contender, Figures, Programs, figures};
use super::preparation;
use crate::process::announce;
use crate::workspace::Workspace;
use outcome::Outcome;

/// As the script that makes the checkpoints calls them.
const FAMILIES: [&str; 8] = [
    "llama",
    "qwen3",
    "smollm3",
    "phi3",
    "openelm",
    "gemma3_text",
    "gemma3n",
    "nanochat",
];
/// mlx-lm takes up to a second for a token.
const NEW_TOKENS: usize = 16;
/// Odd, so that a median is a measurement.
const ROUNDS: usize = 3;

/// What both did on one family's checkpoint, a sample a round.
#[derive(Serialize)]
pub(crate) struct Runs {
    family: &'static str,
    headroom: Vec<Figures>,
    mlx_lm: Vec<Figures>,
}

/// Prepares what is missing, measures, prints and returns what was measured.
pub(crate) fn measure(workspace: &Workspace, headroom: &Path) -> Result<Value> {
    let programs = preparation::peers_and_families(workspace, headroom)?;
    let checkpoints = FAMILIES.map(|family| checkpoint(workspace, family));
    let checkpoints: Vec<_> = checkpoints.into_iter().collect::<Result<_>>()?;
    let mut runs = FAMILIES.map(|family| Runs {
        family,
        headroom: Vec::new(),
        mlx_lm: Vec::new(),
    });
    for round in 0..ROUNDS {
        announce(&format!(
            "Measuring {} families, round {} of {ROUNDS}",
            FAMILIES.len(),
            round + 1
        ));
        for (runs, checkpoint) in runs.iter_mut().zip(&checkpoints) {
            runs.measure(&programs, checkpoint, round)?;
        }
    }
    let outcomes: Vec<_> = runs.iter().map(Outcome::judge).collect();
    table::print(&outcomes);
    Ok(json!({ "rounds": ROUNDS, "outcomes": outcomes, "runs": runs }))
}

fn checkpoint(workspace: &Workspace, family: &'static str) -> Result<Checkpoint> {
    let models = preparation::family_models_directory(workspace);
    let prompt = models.join("prompt.txt");
    Ok(Checkpoint {
        name: family,
        directory: models.join(family),
        bits: 4,
        prompt: std::fs::read_to_string(&prompt)
            .with_context(|| format!("cannot read {}", prompt.display()))?,
        new_tokens: NEW_TOKENS,
    })
}

impl Runs {
    fn measure(
        &mut self,
        programs: &Programs,
        checkpoint: &Checkpoint,
        round: usize,
    ) -> Result<()> {
        let mut contenders = [Contender::Headroom, Contender::MlxLm];
        let count = contenders.len();
        contenders.rotate_left(round % count);
        for contender in contenders {
            let sample = figures(programs, contender, checkpoint)?;
            match contender {
                Contender::Headroom => self.headroom.push(sample),
                _ => self.mlx_lm.push(sample),
            }
        }
        self.require_same_prompt()
    }

    /// The same text and the same tokenizer must give both the same number of tokens.
    fn require_same_prompt(&self) -> Result<()> {
        let mut lengths: Vec<_> = self
            .headroom
            .iter()
            .chain(&self.mlx_lm)
            .map(|figures| figures.prompt_tokens)
            .collect();
        lengths.dedup();
        ensure!(
            lengths.len() == 1,
            "headroom and mlx-lm read the prompt of {} as {lengths:?} tokens, so they cannot be compared",
            self.family
        );
        Ok(())
    }

    fn prompt_tokens(&self) -> Option<usize> {
        self.headroom.first().map(|figures| figures.prompt_tokens)
    }
}
