//! Headroom beside mlx-lm of the same MLX version, on the same checkpoints, in one run.
//!
//! Contenders take turns, so that what else the machine does meets them alike; each measurement is
//! a process of its own and a figure is the median over the rounds.

use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;
use serde_json::Value;

mod checkpoint;
mod comparison;
mod contender;
mod measurement;
mod report;

use super::preparation;
use crate::process::announce;
use crate::workspace::Workspace;
pub(crate) use checkpoint::Checkpoint;
pub(crate) use contender::{Contender, Programs, python};
use measurement::Sample;
pub(crate) use measurement::{Figures, cold_start_seconds, figures};

/// Odd, so that a median is a measurement.
const ROUNDS: usize = 3;

/// What all contenders did on one checkpoint.
#[derive(Serialize)]
pub(crate) struct CheckpointResult {
    checkpoint: Checkpoint,
    weight_bytes: u64,
    runs: Vec<ContenderRuns>,
}

/// One contender's measurements, a sample a round.
#[derive(Serialize)]
pub(crate) struct ContenderRuns {
    contender: Contender,
    samples: Vec<Sample>,
}

/// Prepares what is missing, measures, prints and returns what was measured.
pub(crate) fn measure(workspace: &Workspace, headroom: &Path) -> Result<Value> {
    let programs = preparation::peers(workspace, headroom)?;
    let mut results = Vec::new();
    for checkpoint in checkpoint::all(workspace)? {
        announce(&format!("Measuring {}", checkpoint.name));
        let result = compare(checkpoint, &programs)?;
        report::print_result(&result);
        results.push(result);
    }
    Ok(report::json(&results))
}

fn compare(checkpoint: Checkpoint, programs: &Programs) -> Result<CheckpointResult> {
    let mut runs: Vec<_> = programs
        .contenders()
        .into_iter()
        .map(|contender| ContenderRuns {
            contender,
            samples: Vec::new(),
        })
        .collect();
    for run in &runs {
        // Brings files into the page cache and lets Python compile its modules; not counted.
        cold_start_seconds(programs, run.contender, &checkpoint.directory)?;
    }
    for round in 0..ROUNDS {
        let count = runs.len();
        for turn in 0..count {
            // Another contender begins each round.
            let run = &mut runs[(round + turn) % count];
            run.samples
                .push(measurement::sample(programs, run.contender, &checkpoint)?);
        }
    }
    require_same_prompt(&runs)?;
    Ok(CheckpointResult {
        weight_bytes: checkpoint.weight_bytes()?,
        checkpoint,
        runs,
    })
}

/// The same text and the same tokenizer.json must give the same number of tokens to all.
fn require_same_prompt(runs: &[ContenderRuns]) -> Result<()> {
    let mut lengths: Vec<_> = runs
        .iter()
        .flat_map(|run| &run.samples)
        .map(|sample| sample.figures.prompt_tokens)
        .collect();
    lengths.dedup();
    match lengths.len() {
        1 => Ok(()),
        _ => bail!(
            "the contenders read the prompt as {lengths:?} tokens, so they cannot be compared"
        ),
    }
}
