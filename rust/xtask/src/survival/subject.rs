//! The models that are put under limits, and what is asked of them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Governor;
use super::random_model;
use crate::workspace::Workspace;

/// One model and one generation.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    model: PathBuf,
    /// A file that the program reads as its standard input.
    prompt: PathBuf,
    max_tokens: u32,
    /// Small, so that the cache grows over several steps and can be acted on between them.
    prefill_step: u32,
}

/// How often the story's beginning is said, 140 tokens a time.
struct Repetitions(usize);

/// The shipped model, which fills its context, and a random one whose weights outweigh everything.
pub(crate) fn all(workspace: &Workspace, directory: &Path) -> Result<Vec<Subject>> {
    let story = workspace.root().join("tests/bench/story_prompt.txt");
    let story = std::fs::read_to_string(&story)
        .with_context(|| format!("cannot read {}", story.display()))?;
    let storyteller = workspace.root().join("assets/storyteller");
    let prompt = |name: &str, Repetitions(count): Repetitions| -> Result<PathBuf> {
        let path = directory.join(name);
        std::fs::write(&path, story.repeat(count))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    };
    Ok(vec![
        Subject {
            name: "storyteller (shipped, 4 bits)",
            prompt: prompt("prompt-long.txt", Repetitions(6))?,
            max_tokens: 64,
            prefill_step: 512,
            model: storyteller.clone(),
        },
        Subject {
            name: "random Qwen3, 302M parameters, 4 bits",
            prompt: prompt("prompt-short.txt", Repetitions(1))?,
            max_tokens: 16,
            prefill_step: 64,
            model: random_model::ensure(directory, &storyteller)?,
        },
    ])
}

impl Subject {
    /// Completes the command that runs the program.
    pub(crate) fn generate(&self, command: &mut Command, governor: Governor) -> Result<()> {
        let prompt = File::open(&self.prompt)
            .with_context(|| format!("cannot read {}", self.prompt.display()))?;
        command
            .args(["generate", "--json", "--no-chat-template", "--prompt", "-"])
            .arg("--model")
            .arg(&self.model)
            .args(["--max-tokens", &self.max_tokens.to_string()])
            .args(["--prefill-step", &self.prefill_step.to_string()])
            .stdin(prompt);
        match governor {
            Governor::On => command.args(["--governor", "on"]),
            Governor::Off => command.args(["--governor", "off"]),
            Governor::None => command,
        };
        Ok(())
    }
}
