//! The models that strategies are tried on, and what is asked of them.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::bench::generation::Generation;
use crate::bench::preparation;
use crate::workspace::Workspace;

/// One long-context run.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) generation: Generation,
    /// Odd, so that a median is a measurement.
    pub(crate) rounds: usize,
    /// Texts, as token ids, over which next tokens are compared; `None` for random weights, whose
    /// likeliest tokens mean nothing.
    pub(crate) stretches: Option<Vec<Vec<u32>>>,
}

/// Gives about 930 tokens of the 1,024 that the shipped model reads.
const SAMPLE_BYTES: usize = 3800;

/// The shipped model near the end of its context, and a random one with a longer context, whose
/// prompt takes many steps.
pub(crate) fn all(workspace: &Workspace) -> Result<Vec<Subject>> {
    let models = preparation::models_directory(workspace);
    Ok(vec![
        Subject {
            name: "storyteller (shipped, 4 bits)",
            generation: Generation {
                model: workspace.root().join("assets/storyteller"),
                prompt: sample(&workspace.root().join("assets/make/sample.txt"))?,
                new_tokens: 80,
            },
            rounds: 5,
            stretches: Some(stretches(workspace)?),
        },
        Subject {
            name: "random Qwen3, 108M parameters, 4 bits",
            generation: Generation {
                model: models.join("qwen3-108m-4bit"),
                prompt: read(&models.join("prompt-3072.txt"))?,
                new_tokens: 64,
            },
            rounds: 3,
            stretches: None,
        },
    ])
}

fn sample(path: &Path) -> Result<String> {
    let text = read(path)?;
    let beginning = text
        .get(..SAMPLE_BYTES)
        .with_context(|| format!("{} is too short", path.display()))?;
    Ok(beginning.to_owned())
}

/// `tests/bench/make_agreement_tokens.py` made them.
fn stretches(workspace: &Workspace) -> Result<Vec<Vec<u32>>> {
    let path = workspace.root().join("tests/bench/agreement_tokens.json");
    let stretches: Vec<Vec<u32>> = serde_json::from_str(&read(&path)?)
        .with_context(|| format!("{} is no list of lists of token ids", path.display()))?;
    ensure!(!stretches.is_empty(), "{} is empty", path.display());
    Ok(stretches)
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
