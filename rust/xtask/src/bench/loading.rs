//! How fast a checkpoint of 1 GB loads from a warm page cache, beside how fast this machine copies
//! memory; what loading takes at its peak; what tables in their files save; and the time from a
//! process's start to its first token, beside mlx-lm's.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};

mod first_token;
mod resident;
mod speed;

use super::preparation;
use super::target::Judged;
use crate::process::{announce, run_quietly};
use crate::workspace::Workspace;
use speed::Loading;

/// Of 1.7 billion parameters at 4 bits, with a head of its own.
const LARGE: &str = "qwen3-1gb-4bit";
/// Whose per-layer embeddings are most of its bytes.
const TABLES: &str = "gemma3n-tables";

/// The checkpoints and the program that loads them.
struct Subject<'a> {
    workspace: &'a Workspace,
    models: PathBuf,
}

/// Prepares what is missing, measures, prints and returns what was measured.
pub(crate) fn measure(workspace: &Workspace, headroom: &Path) -> Result<Value> {
    let programs = preparation::peers(workspace, headroom)?;
    let subject = Subject {
        workspace,
        models: make_models(workspace, &programs.python)?,
    };
    announce("Measuring loading beside copying");
    let speed = speed::measure(&subject)?;
    announce("Measuring what loading takes");
    let resident = resident::measure(&subject)?;
    announce("Measuring the first token beside mlx-lm's");
    let first_token = first_token::measure(&programs, &subject.models.join(LARGE))?;
    println!();
    Ok(json!({ "speed": speed, "resident": resident, "first_token": first_token }))
}

fn make_models(workspace: &Workspace, python: &Path) -> Result<PathBuf> {
    announce("Making the checkpoints to load, unless they are there");
    let directory = preparation::directory(workspace).join("loading");
    run_quietly(
        super::peers::python(python)
            .arg(preparation::scripts(workspace).join("make_loading_models.py"))
            .arg(preparation::models_directory(workspace))
            .arg(&directory),
    )?;
    Ok(directory)
}

impl Subject<'_> {
    /// Loads a checkpoint in a process of its own, once and then for so many rounds.
    fn load(&self, model: &str, embedding: &str, rounds: usize) -> Result<Loading> {
        let answer = run_quietly(
            preparation::cargo(self.workspace)
                .args(["run", "--quiet", "--release", "--locked"])
                .args(["--package", "headroom-models", "--example", "loading_speed"])
                .arg("--")
                .arg(self.models.join(model))
                .args([embedding, &rounds.to_string()]),
        )?;
        serde_json::from_str(answer.trim())
            .with_context(|| format!("loading_speed answered in another form: {answer}"))
    }
}

fn print_judged(name: &str, judged: &Judged) {
    let value = judged
        .value
        .map_or_else(|| "unknown".to_owned(), |value| format!("{value:.3}"));
    println!("{name:40}{value:>12}  {}", judged.verdict());
}
