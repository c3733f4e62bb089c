//! Training the recipe beside the same training in Python MLX, tokenizers beside Python's, memory over
//! thousands of steps, and the peak of larger models' steps.
//!
//! Each run is a process of its own; the two take turns, and another one begins each round. Both learn
//! the same text with the same tokenizer from the same kind of start, an untrained head, so that their
//! first losses are equal; that they compute the same is what the golden files are for. Peaks are what
//! the kernel kept of each process.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

mod flatness;
mod large;
mod outcome;
mod programs;
mod run;
mod setting;
mod table;
mod tokenizers;
mod watched;

use crate::process::announce;
use crate::workspace::Workspace;
use outcome::Outcome;
use programs::Programs;
use run::Run;
use setting::Setting;

/// Odd, so that a median is a measurement.
const ROUNDS: usize = 3;

const SETTINGS: [Setting; 4] = [
    setting(4, 8192, 1, 9),
    setting(4, 8192, 2, 6),
    setting(8, 8192, 1, 5),
    setting(4, 65_536, 1, 4),
];

/// How headroom is told to cut its steps where speed and memory are compared.
const MODE: [&str; 0] = [];

/// Four rows of 512 tokens a micro-batch.
const fn setting(depth: u64, vocabulary: u64, micro_batches: u64, steps: u64) -> Setting {
    Setting {
        depth,
        vocabulary,
        context: 512,
        device_batch_size: 4,
        micro_batches,
        steps,
    }
}

/// What both did in one round.
#[derive(Debug, Serialize)]
pub(crate) struct Pair {
    headroom: Run,
    python: Run,
}

/// Prepares what is missing, measures, prints and returns what was measured.
pub(crate) fn measure(workspace: &Workspace, headroom: &Path) -> Result<Value> {
    let programs = Programs::prepare(workspace, headroom)?;
    let mut outcomes = Vec::new();
    let mut samples = Vec::new();
    for setting in &SETTINGS {
        announce(&format!("Training {setting}"));
        let pairs = (0..ROUNDS)
            .map(|round| pair(&programs, setting, round))
            .collect::<Result<Vec<_>>>()?;
        outcomes.push(Outcome::judge(setting, &pairs));
        samples.push(pairs);
    }
    table::print(&outcomes);
    let tokenizers = tokenizers::measure(&programs)?;
    tokenizers::print(&tokenizers);
    let flatness = flatness::measure(&programs)?;
    flatness::print(&flatness);
    let large = large::measure(&programs)?;
    large::print(&large);
    Ok(json!({
        "rounds": ROUNDS, "outcomes": outcomes, "samples": samples, "tokenizers": tokenizers,
        "flatness": flatness, "large": large,
    }))
}

fn pair(programs: &Programs, setting: &Setting, round: usize) -> Result<Pair> {
    let ours = || Ok::<_, anyhow::Error>(programs.headroom(setting, &MODE)?.0);
    let theirs = || programs.peer(setting);
    let (headroom, python) = match round.is_multiple_of(2) {
        true => {
            let first = ours()?;
            (first, theirs()?)
        }
        false => {
            let first = theirs()?;
            (ours()?, first)
        }
    };
    Ok(Pair { headroom, python })
}
