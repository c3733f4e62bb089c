//! One contender, once: two processes, one for the cold start and one for speeds and memory.

use std::io::Read;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoint;
use super::contender::{Contender, Programs};
use crate::bench::prompted_process::{finish, start};

/// What one turn brought.
#[derive(Debug, Serialize)]
pub(crate) struct Sample {
    /// From the process's start to its first byte of text, files being in the page cache.
    pub(crate) cold_start_seconds: f64,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

/// What every contender's `--json` tells.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) load_seconds: f64,
    pub(crate) prompt_tokens: usize,
    pub(crate) generated_tokens: usize,
    pub(crate) prompt_tokens_per_second: Option<f64>,
    pub(crate) generation_tokens_per_second: Option<f64>,
    pub(crate) peak_mlx_bytes: u64,
    /// Peak resident bytes (`VmHWM`) on Linux, peak physical footprint on a Mac.
    pub(crate) peak_footprint_bytes: Option<u64>,
}

pub(crate) fn sample(
    programs: &Programs,
    contender: Contender,
    checkpoint: &Checkpoint,
) -> Result<Sample> {
    Ok(Sample {
        cold_start_seconds: cold_start_seconds(programs, contender, &checkpoint.directory)?,
        figures: figures(programs, contender, checkpoint)?,
    })
}

/// A few words, so that start-up and loading are what counts.
const SHORT_PROMPT: &str = "Once upon a time";

/// From the process's start to its first byte of text.
pub(crate) fn cold_start_seconds(
    programs: &Programs,
    contender: Contender,
    model: &Path,
) -> Result<f64> {
    let mut command = programs.generate(contender, model, 1);
    let started = Instant::now();
    let mut child = start(&mut command, SHORT_PROMPT)?;
    let mut output = child.stdout.take().context("the output is a pipe")?;
    let mut first = [0];
    let read = output.read(&mut first)?;
    let elapsed = started.elapsed();
    std::io::copy(&mut output, &mut std::io::sink())?;
    finish(child, contender.name())?;
    if read == 0 {
        bail!("{} printed nothing", contender.name());
    }
    Ok(elapsed.as_secs_f64())
}

/// What one process tells of the checkpoint's prompt and the tokens after it.
pub(crate) fn figures(
    programs: &Programs,
    contender: Contender,
    checkpoint: &Checkpoint,
) -> Result<Figures> {
    let mut command = programs.generate(contender, &checkpoint.directory, checkpoint.new_tokens);
    let child = start(command.arg("--json"), &checkpoint.prompt)?;
    let output = finish(child, contender.name())?;
    let figures: Figures = serde_json::from_slice(&output)
        .with_context(|| format!("the figures of {} are not as expected", contender.name()))?;
    if figures.generated_tokens != checkpoint.new_tokens {
        bail!(
            "{} ended after {} of {} tokens on {}, so its figures cannot be compared",
            contender.name(),
            figures.generated_tokens,
            checkpoint.new_tokens,
            checkpoint.name
        );
    }
    Ok(figures)
}
