//! Who is measured, and how each is started.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

/// A program that generates text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Contender {
    Headroom,
    /// mlx-lm as pip installs it.
    MlxLm,
    /// mlx-lm with OpenBLAS in place of the BLAS that MLX's wheel brings.
    MlxLmWithOpenBlas,
}

impl Contender {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Headroom => "headroom",
            Self::MlxLm => "mlx-lm",
            Self::MlxLmWithOpenBlas => "mlx-lm+OpenBLAS",
        }
    }
}

/// Where the programs lie.
pub(crate) struct Programs {
    pub(crate) headroom: PathBuf,
    pub(crate) python: PathBuf,
    /// The script that runs mlx-lm.
    pub(crate) peer: PathBuf,
    /// `None` on a Mac, where MLX uses Accelerate.
    pub(crate) openblas: Option<PathBuf>,
}

impl Programs {
    /// Those that can be measured here.
    pub(crate) fn contenders(&self) -> Vec<Contender> {
        let mut contenders = vec![Contender::Headroom, Contender::MlxLm];
        if self.openblas.is_some() {
            contenders.push(Contender::MlxLmWithOpenBlas);
        }
        contenders
    }

    /// The command that continues the text on its standard input; it streams unless told `--json`.
    pub(crate) fn generate(
        &self,
        contender: Contender,
        model: &Path,
        new_tokens: usize,
    ) -> Command {
        let mut command = match contender {
            Contender::Headroom => self.headroom(),
            Contender::MlxLm => self.mlx_lm(),
            Contender::MlxLmWithOpenBlas => {
                let mut command = self.mlx_lm();
                if let Some(openblas) = &self.openblas {
                    command.env("LD_PRELOAD", openblas);
                }
                command
            }
        };
        command.arg("--model").arg(model);
        command.args(["--max-tokens", &new_tokens.to_string()]);
        command
    }

    fn headroom(&self) -> Command {
        let mut command = Command::new(&self.headroom);
        command.args(["generate", "--prompt", "-", "--no-chat-template"]);
        command
    }

    fn mlx_lm(&self) -> Command {
        let mut command = python(&self.python);
        // Without it, a slow network would count as start-up time.
        command.arg(&self.peer).env("HF_HUB_OFFLINE", "1");
        command
    }
}

/// Python with its own MLX: Cargo's runner points the loader at headroom's copy.
pub(crate) fn python(interpreter: &Path) -> Command {
    let mut command = Command::new(interpreter);
    command.env_remove("LD_LIBRARY_PATH");
    command
}
