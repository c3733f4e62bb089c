//! What each kind of KV cache costs as its context grows: decode speed and memory, beside mlx-lm's
//! cache of the same kind.
//!
//! Both programs load the model once and answer request after request, so that they take turns within
//! seconds; a figure is the median over the rounds. The caches are filled with noise, for computing
//! 16,384 tokens would take minutes a kind. What the caches take is drawn as
//! `target/bench/contexts.svg`.
//!
//! mlx-lm is measured as installed: another BLAS changes nothing here, for its 16-bit and quantised
//! products use none.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

mod drawing;
mod kind;
mod outcome;
mod program;
mod runs;
mod table;

use super::preparation;
use crate::process::announce;
use crate::workspace::Workspace;
use outcome::Outcome;
use program::Programs;
use runs::Runs;

/// What the benchmark's own random Qwen3 at 4 bits is called.
const MODEL: (&str, &str) = ("random Qwen3, 108M parameters, 4 bits", "qwen3-108m-4bit");
/// Odd, so that a median is a measurement.
const ROUNDS: usize = 3;
/// Tokens of context at which speed is measured.
const CONTEXTS: [u32; 3] = [512, 4096, 16_384];
/// Further ones at which memory alone is.
const MEMORY_CONTEXTS: [u32; 4] = [1024, 2048, 8192, 12_288];

/// Measures, prints, draws and returns what was measured.
pub(crate) fn measure(workspace: &Workspace) -> Result<Value> {
    let python = preparation::ensure_models(workspace)?;
    let model = preparation::models_directory(workspace).join(MODEL.1);
    let mut programs = Programs::start(workspace, &python, &model)?;
    let mut runs = Runs::default();
    for round in 0..ROUNDS {
        announce(&format!(
            "Decoding behind contexts, round {} of {ROUNDS}",
            round + 1
        ));
        for context in CONTEXTS {
            runs.measure_speed(&mut programs, context, round)?;
        }
    }
    announce("Measuring what caches take");
    for context in MEMORY_CONTEXTS {
        runs.measure_memory(&mut programs, context)?;
    }
    programs.finish()?;
    let outcome = Outcome::judge(&runs);
    table::print(&outcome);
    draw(&runs, &preparation::directory(workspace))?;
    Ok(json!({ "model": MODEL.0, "speeds": outcome, "runs": runs }))
}

fn draw(runs: &Runs, directory: &Path) -> Result<()> {
    let path = directory.join("contexts.svg");
    std::fs::write(&path, drawing::draw(runs)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("Drawn: {}\n", path.display());
    Ok(())
}
