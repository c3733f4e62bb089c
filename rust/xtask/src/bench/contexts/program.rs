//! The two programs that measure, which answer request after request.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::kind::Kind;
use crate::bench::peers::python;
use crate::bench::preparation;
use crate::process::announce;
use crate::workspace::Workspace;

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Contender {
    Headroom,
    MlxLm,
}

/// What is asked: which cache, and for how long tokens are made behind it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    /// Tokens that the cache has seen.
    pub(crate) context: u32,
    pub(crate) most_tokens: u32,
    pub(crate) most_seconds: f64,
}

/// What was measured; `rust/models/examples/decode_speed` says what each field means.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) tokens: u32,
    pub(crate) seconds: f64,
    pub(crate) cache_bytes: u64,
    pub(crate) active_bytes: u64,
    pub(crate) peak_bytes: u64,
}

/// Both, each with the model loaded.
pub(crate) struct Programs {
    headroom: Program,
    mlx_lm: Program,
}

impl Programs {
    pub(crate) fn start(workspace: &Workspace, interpreter: &Path, model: &Path) -> Result<Self> {
        announce("Building the program that measures contexts, and starting mlx-lm's");
        let mut headroom = preparation::cargo(workspace);
        headroom
            .args(["run", "--quiet", "--release", "--locked"])
            .args(["--package", "headroom-models", "--example", "decode_speed"])
            .arg("--");
        let mut mlx_lm = python(interpreter);
        mlx_lm.arg(preparation::scripts(workspace).join("decode_speed.py"));
        Ok(Self {
            headroom: Program::start("headroom", headroom.arg(model))?,
            mlx_lm: Program::start("mlx-lm", mlx_lm.env("HF_HUB_OFFLINE", "1").arg(model))?,
        })
    }

    pub(crate) fn ask(&mut self, contender: Contender, request: Request) -> Result<Sample> {
        match contender {
            Contender::Headroom => self.headroom.ask(request),
            Contender::MlxLm => self.mlx_lm.ask(request),
        }
    }

    /// Ends both.
    pub(crate) fn finish(self) -> Result<()> {
        self.headroom.finish()?;
        self.mlx_lm.finish()
    }
}

/// A program that reads a request a line and answers with a line; what fails, it says on standard
/// error itself.
struct Program {
    name: &'static str,
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Program {
    fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{name}'s measuring program could not be started"))?;
        let requests = child.stdin.take().context("the input is a pipe")?;
        let answers = child.stdout.take().context("the output is a pipe")?;
        Ok(Self {
            name,
            child,
            requests,
            answers: BufReader::new(answers),
        })
    }

    fn ask(&mut self, request: Request) -> Result<Sample> {
        let line = request.line();
        writeln!(self.requests, "{line}")
            .with_context(|| format!("{} ended before it was asked for {line}", self.name))?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        serde_json::from_str(&answer)
            .with_context(|| format!("{} answered `{}` to {line}", self.name, answer.trim()))
    }

    /// A program ends when there are no more requests.
    fn finish(self) -> Result<()> {
        let Self {
            name,
            mut child,
            requests,
            ..
        } = self;
        drop(requests);
        let status = child.wait()?;
        ensure!(
            status.success(),
            "{name}'s measuring program ended with {status}"
        );
        Ok(())
    }
}

impl Request {
    fn line(self) -> String {
        json!({
            "layout": self.kind.layout(),
            "precision": self.kind.precision(),
            "context": self.context,
            "most_tokens": self.most_tokens,
            "most_seconds": self.most_seconds,
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_line_that_says_which_cache() {
        let request = Request {
            kind: Kind::RotatingFourBits,
            context: 512,
            most_tokens: 8,
            most_seconds: 1.0,
        };
        assert_eq!(
            request.line(),
            r#"{"layout":{"rotating":{"max_size":1024}},"precision":{"quantized":{"bits":4,"group_size":64}},"context":512,"most_tokens":8,"most_seconds":1.0}"#
        );
    }

    #[test]
    fn a_program_that_ends_without_an_answer_is_named() {
        let mut program = Program::start("headroom", &mut Command::new("true")).unwrap();
        program.child.wait().unwrap();
        let request = Request {
            kind: Kind::Plain,
            context: 512,
            most_tokens: 1,
            most_seconds: 0.0,
        };
        let error = program.ask(request).unwrap_err();
        assert!(format!("{error}").starts_with("headroom "), "{error}");
    }
}
