//! The two programs that train, and what they learn from.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::run::Run;
use super::setting::Setting;
use super::watched::watch;
use crate::bench::peers::python;
use crate::bench::preparation;
use crate::process::{announce, run_quietly};
use crate::workspace::Workspace;

/// Where everything lies; made by [`Programs::prepare`].
pub(crate) struct Programs {
    headroom: PathBuf,
    python: PathBuf,
    peer: PathBuf,
    openblas: Option<PathBuf>,
    directory: PathBuf,
}

impl Programs {
    /// Installs MLX for Python and writes the text, unless they are there.
    pub(crate) fn prepare(workspace: &Workspace, headroom: &Path) -> Result<Self> {
        let programs = Self {
            headroom: headroom.to_owned(),
            python: preparation::install_mlx_lm(workspace)?,
            peer: preparation::scripts(workspace).join("train_peer.py"),
            openblas: preparation::openblas()?,
            directory: preparation::directory(workspace).join("training"),
        };
        std::fs::create_dir_all(&programs.directory)
            .with_context(|| format!("cannot create {}", programs.directory.display()))?;
        if !programs.text().is_file() {
            announce("Writing the text to train on");
            let script = preparation::scripts(workspace).join("make_training_text.py");
            run_quietly(python(&programs.python).arg(script).arg(programs.text()))?;
        }
        Ok(programs)
    }

    fn text(&self) -> PathBuf {
        self.directory.join("text.jsonl")
    }

    /// Trains a tokenizer of this size, unless it is there.
    fn tokenizer(&self, vocabulary: u64) -> Result<PathBuf> {
        let directory = self.directory.join(format!("tokenizer-{vocabulary}"));
        if !directory.join("tokenizer.json").is_file() {
            announce(&format!("Training a tokenizer of {vocabulary} tokens"));
            run_quietly(
                Command::new(&self.headroom)
                    .args(["train", "tokenizer", "--vocab", &vocabulary.to_string()])
                    .arg("--data")
                    .arg(self.text())
                    .arg("--output")
                    .arg(&directory),
            )?;
        }
        Ok(directory)
    }

    /// Trains with `headroom train base`, without evaluation; `mode` are further flags. Gives its plan
    /// for memory, too.
    pub(crate) fn headroom(&self, setting: &Setting, mode: &[&str]) -> Result<(Run, String)> {
        let output = self.directory.join("run");
        // A run that finds its own earlier checkpoints would go on from there.
        drop(std::fs::remove_dir_all(&output));
        let mut command = self.headroom_command(setting)?;
        let watched = watch(command.args(mode).arg("--output").arg(&output))?;
        let log = output.join("log.jsonl");
        let steps = std::fs::read_to_string(&log)
            .with_context(|| format!("cannot read {}", log.display()))?;
        // The largest checkpoints take gigabytes.
        drop(std::fs::remove_dir_all(&output));
        let run = Run::of_log(&steps, watched.peak_resident_bytes, setting)?;
        Ok((run, plan(&watched.messages)))
    }

    fn headroom_command(&self, setting: &Setting) -> Result<Command> {
        let mut command = Command::new(&self.headroom);
        command.args(["train", "base", "--dtype", "float32"]);
        add_numbers(
            &mut command,
            &[
                ("--depth", setting.depth),
                ("--vocab", setting.vocabulary),
                ("--context", setting.context),
                ("--device-batch-size", setting.device_batch_size),
                ("--total-batch-size", setting.tokens_per_step()),
                ("--num-iterations", setting.steps),
                ("--eval-every", 0),
            ],
        );
        self.add_text(&mut command, setting)?;
        Ok(command)
    }

    /// Trains with Python MLX, over the same BLAS.
    pub(crate) fn peer(&self, setting: &Setting) -> Result<Run> {
        let mut command = python(&self.python);
        command.arg(&self.peer);
        if let Some(openblas) = &self.openblas {
            command.env("LD_PRELOAD", openblas);
        }
        add_numbers(
            &mut command,
            &[
                ("--depth", setting.depth),
                ("--vocabulary", setting.vocabulary),
                ("--context", setting.context),
                ("--device-batch-size", setting.device_batch_size),
                ("--micro-batches", setting.micro_batches),
                ("--steps", setting.steps),
            ],
        );
        self.add_text(&mut command, setting)?;
        let watched = watch(&mut command)?;
        Run::of_peer(&watched.output, watched.peak_resident_bytes, setting)
    }

    fn add_text(&self, command: &mut Command, setting: &Setting) -> Result<()> {
        command.arg("--data").arg(self.text());
        command
            .arg("--tokenizer")
            .arg(self.tokenizer(setting.vocabulary)?);
        Ok(())
    }
}

/// The lines that say how a step is cut so that it fits.
fn plan(messages: &str) -> String {
    let lines = messages.lines().filter(|line| line.starts_with("plan:"));
    lines.collect::<Vec<_>>().join("\n")
}

fn add_numbers(command: &mut Command, flags: &[(&str, u64)]) {
    for (flag, number) in flags {
        command.args([flag, number.to_string().as_str()]);
    }
}
