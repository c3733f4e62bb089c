//! One generation by `headroom generate`, and the figures it tells.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use headroom_memory::Strategy;
use serde::{Deserialize, Serialize};

use super::prompted_process::{finish, start};

/// What is asked of the program.
pub(crate) struct Generation {
    pub(crate) model: PathBuf,
    /// Continued as plain text.
    pub(crate) prompt: String,
    /// Tokens to generate; the model must not end its answer before.
    pub(crate) new_tokens: usize,
}

/// What `--json` tells of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) prompt_tokens: usize,
    pub(crate) generated_tokens: usize,
    pub(crate) prompt_tokens_per_second: f64,
    pub(crate) generation_tokens_per_second: f64,
    pub(crate) governing_seconds: f64,
    pub(crate) peak_mlx_bytes: u64,
}

impl Generation {
    /// Runs in a process of its own, greedy.
    pub(crate) fn run(&self, headroom: &Path, strategy: Option<Strategy>) -> Result<Figures> {
        let mut command = Command::new(headroom);
        command
            .args(["generate", "--prompt", "-", "--no-chat-template", "--json"])
            .args(["--max-tokens", &self.new_tokens.to_string()])
            .arg("--model")
            .arg(&self.model);
        if let Some(strategy) = strategy {
            command.args(["--strategy", strategy.as_str()]);
        }
        let output = finish(start(&mut command, &self.prompt)?, "headroom")?;
        let figures: Figures =
            serde_json::from_slice(&output).context("headroom's figures are not as expected")?;
        ensure!(
            figures.generated_tokens == self.new_tokens,
            "headroom ended after {} of {} tokens on {}, so its figures cannot be compared",
            figures.generated_tokens,
            self.new_tokens,
            self.model.display()
        );
        Ok(figures)
    }
}
