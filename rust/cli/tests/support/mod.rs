//! How the command's tests run it, and what they look at afterwards.

#![allow(dead_code, reason = "each test program uses its own part")]

#[path = "../../../engine/tests/support/tiny_model.rs"]
pub(crate) mod tiny_model;

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

use serde_json::json;
use tiny_model::{CHAT_TEMPLATE, TinyModel};

/// The command with nothing on its standard input. It finds MLX as this program did: what Cargo sets
/// for tests reaches it too.
pub(crate) fn headroom<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_headroom"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// A model that holds conversations in which no answer comes to an end by itself.
pub(crate) fn endless_talker() -> TinyModel {
    let model = TinyModel::of("llama-float32");
    model.configure("max_position_embeddings", json!(1_000_000));
    // Without a token that ends an answer.
    let config = json!({"bos_token": "<s>", "chat_template": CHAT_TEMPLATE});
    model.write_json("tokenizer_config.json", &config);
    model
}

/// Runs it to its end, which must be a success that says nothing on standard error.
pub(crate) fn output_of<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> String {
    let output = headroom(arguments).output().unwrap();
    let said = text(&output.stderr);
    assert_eq!((output.status.code(), said.as_str()), (Some(0), ""));
    text(&output.stdout)
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the output is not UTF-8")
}

/// How the command refused.
pub(crate) struct Refusal {
    pub(crate) exit_code: i32,
    /// What follows `error: `.
    pub(crate) sentence: String,
}

/// Checks what holds for every refusal: one error line, nothing on standard output, no panic.
#[track_caller]
pub(crate) fn refusal(command: &mut Command) -> Refusal {
    let output: Output = command.output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(text(&output.stdout), "", "a refusal writes no result");
    assert!(!said.contains("panicked"), "{said}");
    let mut errors = said.lines().filter_map(|line| line.strip_prefix("error: "));
    let sentence = errors.next().expect("no error line").to_owned();
    assert_eq!(errors.next(), None, "more than one error line");
    let exit_code = output.status.code().expect("a signal ended it");
    if exit_code == 1 {
        assert_eq!(said, format!("error: {sentence}\n"), "more than one line");
    }
    Refusal {
        exit_code,
        sentence,
    }
}
