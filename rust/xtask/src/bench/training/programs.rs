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
    /// Writes what the shipped model learns from.
    stories: PathBuf,
    directory: PathBuf,
}

/// What a run of headroom left behind.
pub(crate) struct HeadroomRun {
    pub(crate) log: String,
    /// How it cut its steps so that they fit.
    pub(crate) plan: String,
    pub(crate) peak_resident_bytes: Option<u64>,
}

impl Programs {
    /// Installs MLX for Python and writes the text, unless they are there.
    pub(crate) fn prepare(workspace: &Workspace, headroom: &Path) -> Result<Self> {
        let programs = Self {
            headroom: headroom.to_owned(),
            python: preparation::install_mlx_lm(workspace)?,
            peer: preparation::scripts(workspace).join("train_peer.py"),
            openblas: preparation::openblas()?,
            stories: workspace.root().join("assets/make/stories.py"),
            directory: preparation::directory(workspace).join("training"),
        };
        std::fs::create_dir_all(&programs.directory)
            .with_context(|| format!("cannot create {}", programs.directory.display()))?;
        if !programs.text().is_dir() {
            announce("Writing the text to train on");
            let script = preparation::scripts(workspace).join("make_training_text.py");
            let unfinished = programs.fresh("text-unfinished")?;
            run_quietly(python(&programs.python).arg(script).arg(&unfinished))?;
            std::fs::rename(&unfinished, programs.text())?;
        }
        Ok(programs)
    }

    /// Made-up words.
    pub(crate) fn text(&self) -> PathBuf {
        self.directory.join("text")
    }

    /// What the shipped model learns from; written unless it is there.
    pub(crate) fn stories(&self) -> Result<PathBuf> {
        let directory = self.directory.join("stories");
        if !directory.is_dir() {
            announce("Writing stories");
            let unfinished = self.fresh("stories-unfinished")?;
            run_quietly(
                python(&self.python)
                    .arg(&self.stories)
                    .args(["--documents", "20000", "--output"])
                    .arg(&unfinished),
            )?;
            std::fs::rename(&unfinished, &directory)?;
        }
        Ok(directory)
    }

    /// A path at which nothing lies.
    pub(crate) fn fresh(&self, name: &str) -> Result<PathBuf> {
        let path = self.directory.join(name);
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot empty {}", path.display()))
            }
            _ => Ok(path),
        }
    }

    /// Trains a tokenizer of this size, unless it is there.
    fn tokenizer(&self, vocabulary: u64) -> Result<PathBuf> {
        let directory = self.directory.join(format!("tokenizer-{vocabulary}"));
        if !directory.join("tokenizer.json").is_file() {
            announce(&format!("Training a tokenizer of {vocabulary} tokens"));
            run_quietly(&mut self.learn(&self.text(), vocabulary, &directory))?;
        }
        Ok(directory)
    }

    /// Learns a tokenizer with headroom.
    pub(crate) fn learn(&self, text: &Path, vocabulary: u64, output: &Path) -> Command {
        let mut command = Command::new(&self.headroom);
        command.args(["train", "tokenizer", "--vocab", &vocabulary.to_string()]);
        command.arg("--data").arg(text).arg("--output").arg(output);
        command
    }

    /// Learns one in Python that splits words as `like` does.
    pub(crate) fn learn_in_python(
        &self,
        text: &Path,
        vocabulary: u64,
        like: &Path,
        output: &Path,
    ) -> Command {
        let mut command = python(&self.python);
        command.arg(self.peer.with_file_name("tokenizer_peer.py"));
        command.args(["--vocabulary", &vocabulary.to_string(), "--data"]);
        command.arg(text).arg("--like").arg(like);
        command.arg("--output").arg(output);
        command
    }

    /// Trains with `headroom train base`, without evaluation; `mode` are further flags. Gives its plan
    /// for memory, too.
    pub(crate) fn headroom(&self, setting: &Setting, mode: &[&str]) -> Result<(Run, String)> {
        let run = self.headroom_log(setting, mode)?;
        let figures = Run::of_log(&run.log, run.peak_resident_bytes, setting)?;
        Ok((figures, run.plan))
    }

    /// The same; gives the log as it is.
    pub(crate) fn headroom_log(&self, setting: &Setting, mode: &[&str]) -> Result<HeadroomRun> {
        let output = self.fresh("run")?;
        let mut command = self.headroom_command(setting)?;
        let watched = watch(command.args(mode).arg("--output").arg(&output))?;
        let log = output.join("log.jsonl");
        let log = std::fs::read_to_string(&log)
            .with_context(|| format!("cannot read {}", log.display()))?;
        // The largest checkpoints take gigabytes.
        self.fresh("run")?;
        Ok(HeadroomRun {
            log,
            plan: plan(&watched.messages),
            peak_resident_bytes: watched.peak_resident_bytes,
        })
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
