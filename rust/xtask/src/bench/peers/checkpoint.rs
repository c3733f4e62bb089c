//! The checkpoints and what is asked of them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::bench::preparation;
use crate::workspace::Workspace;

/// One checkpoint and one generation that every contender carries out.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Checkpoint {
    pub(crate) name: &'static str,
    #[serde(skip)]
    pub(crate) directory: PathBuf,
    /// Bits of a weight; 16 means dense.
    pub(crate) bits: u32,
    #[serde(skip)]
    pub(crate) prompt: String,
    /// Tokens to generate; no checkpoint ends its answer before.
    pub(crate) new_tokens: usize,
}

/// The shipped model, which continues a story's beginning, and a random Qwen3 at 4 bits and at
/// bfloat16.
///
/// mlx-lm takes about half a second for a token at 4 bits with bfloat16 scales on a CPU, so that
/// checkpoint gets the least to do; a longer prompt would only favour headroom.
pub(crate) fn all(workspace: &Workspace) -> Result<Vec<Checkpoint>> {
    let models = preparation::models_directory(workspace);
    let story = read(&workspace.root().join("tests/bench/story_prompt.txt"))?;
    let prompt = |tokens: u32| read(&models.join(format!("prompt-{tokens}.txt")));
    Ok(vec![
        Checkpoint {
            name: "storyteller (shipped, 4 bits)",
            directory: workspace.root().join("assets/storyteller"),
            bits: 4,
            prompt: story.trim_end().to_owned(),
            new_tokens: 32,
        },
        Checkpoint {
            name: "random Qwen3, 108M parameters, 4 bits",
            directory: models.join("qwen3-108m-4bit"),
            bits: 4,
            prompt: prompt(32)?,
            new_tokens: 12,
        },
        Checkpoint {
            name: "random Qwen3, 108M parameters, bfloat16",
            directory: models.join("qwen3-108m-bfloat16"),
            bits: 16,
            prompt: prompt(256)?,
            new_tokens: 32,
        },
    ])
}

impl Checkpoint {
    /// What its tensors take, as files.
    pub(crate) fn weight_bytes(&self) -> Result<u64> {
        let mut total_bytes = 0;
        for entry in std::fs::read_dir(&self.directory)? {
            let entry = entry?;
            if entry
                .path()
                .extension()
                .is_some_and(|kind| kind == "safetensors")
            {
                total_bytes += entry.metadata()?.len();
            }
        }
        Ok(total_bytes)
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
