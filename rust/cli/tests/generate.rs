//! `headroom generate`: what goes where, in which form, and how it ends.

mod support;

use std::io::{BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use support::tiny_model::{TinyModel, storyteller};
use support::{headroom, output_of, text};

/// Generates from the shipped model.
fn generate(more: &[&str]) -> Command {
    let mut command = headroom([
        "generate",
        "--prompt",
        "Tell me a story about a fox.",
        "--model",
    ]);
    command
        .arg(storyteller())
        .args(["--max-tokens", "12"])
        .args(more);
    command
}

/// A generation that goes on for minutes unless something ends it.
fn endless(more: &[&str]) -> (TinyModel, Command) {
    let model = TinyModel::of("llama-float32");
    model.configure("max_position_embeddings", json!(1_000_000));
    let mut command = headroom([
        "generate",
        "--prompt",
        "abc",
        "--max-tokens",
        "900000",
        "--model",
    ]);
    command.arg(model.path()).args(more);
    (model, command)
}

fn spawn(command: &mut Command) -> (Child, BufReader<ChildStdout>) {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    (child, BufReader::new(stdout))
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[test]
fn text_goes_to_standard_output_and_ends_with_a_newline() {
    let output = generate(&[]).output().unwrap();
    assert!(output.status.success());
    assert_eq!(text(&output.stderr), "", "no terminal, no figures");
    let said = text(&output.stdout);
    assert!(said.ends_with('\n') && said.trim().len() > 5, "{said}");
}

#[test]
fn figures_go_to_standard_error_when_asked_for() {
    let output = generate(&["--memory-stats"]).output().unwrap();
    let figures = text(&output.stderr);
    for name in [
        "load time",
        "time to first token",
        "prefill",
        "decode",
        "peak footprint",
    ] {
        assert!(figures.contains(name), "{name} is not in {figures}");
    }
    assert!(!text(&output.stdout).contains("load time"));
}

#[test]
fn json_is_one_object_with_the_contracts_keys() {
    let output = generate(&["--json"]).output().unwrap();
    assert_eq!(text(&output.stderr), "");
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut keys: Vec<&String> = result.as_object().unwrap().keys().collect();
    keys.sort();
    let expected = [
        "actions",
        "cached_prompt_tokens",
        "generated_tokens",
        "generation_tokens_per_second",
        "governing_seconds",
        "kv_cache_bytes",
        "load_seconds",
        "peak_footprint_bytes",
        "peak_mlx_bytes",
        "predicted_peak_mlx_bytes",
        "prompt_tokens",
        "prompt_tokens_per_second",
        "stop_reason",
        "text",
        "time_to_first_token_seconds",
        "tokens",
    ];
    assert_eq!(keys, expected);
    assert_eq!(result["actions"], json!([]));
    assert!(["stop", "length"].contains(&result["stop_reason"].as_str().unwrap()));
    let tokens = result["tokens"].as_array().unwrap();
    assert_eq!(result["generated_tokens"], tokens.len());
    assert!(result["peak_mlx_bytes"].as_u64().unwrap() > 1_000_000);
    assert!(result["peak_footprint_bytes"].as_u64().unwrap() > 1_000_000);
    assert!(result["prompt_tokens_per_second"].as_f64().unwrap() > 0.0);
}

#[test]
fn json_and_streamed_text_say_the_same() {
    let streamed = text(
        &generate(&["--seed", "3", "--temp", "0.8"])
            .output()
            .unwrap()
            .stdout,
    );
    let object = generate(&["--seed", "3", "--temp", "0.8", "--json"])
        .output()
        .unwrap();
    let result: Value = serde_json::from_slice(&object.stdout).unwrap();
    assert_eq!(streamed, format!("{}\n", result["text"].as_str().unwrap()));
}

#[test]
fn a_prompt_may_come_through_a_pipe() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "abc").unwrap();
    let model = TinyModel::of("llama-float32");
    let mut command = headroom([
        "generate",
        "--max-tokens",
        "5",
        "--json",
        "--prompt",
        "-",
        "--model",
    ]);
    command.arg(model.path());
    command.stdin(std::fs::File::open(file.path()).unwrap());
    let result: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert_eq!(result["prompt_tokens"], 3);
    assert_eq!(result["generated_tokens"], 5);
}

#[test]
fn texts_may_begin_with_a_hyphen() {
    let model = TinyModel::of("llama-float32");
    let mut command = headroom(["generate", "--max-tokens", "5", "--json", "--model"]);
    command.arg(model.path());
    command.args(["--prompt", "- ab", "--stop", "--", "--seed", "1"]);
    let result: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    assert_eq!(result["prompt_tokens"], 4);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for _ in 0..5 {
        let (_model, mut command) = endless(&[]);
        let (child, mut stdout) = spawn(&mut command);
        stdout.read_exact(&mut [0; 3]).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), text(&output.stderr).as_str()),
            (Some(0), "")
        );
    }
}

#[test]
fn nobody_reading_the_figures_is_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = generate(&["--memory-stats"])
        .stderr(writer)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn an_interrupt_keeps_the_text_so_far() {
    let (_model, mut command) = endless(&[]);
    let (child, mut stdout) = spawn(&mut command);
    let mut first = [0; 3];
    stdout.read_exact(&mut first).unwrap();
    interrupt(&child);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stderr).as_str()),
        (Some(130), "")
    );
    assert!(
        rest.ends_with('\n') && !rest.trim_end_matches('\n').contains('\n'),
        "{rest}"
    );
}

#[test]
fn an_interrupted_object_is_whole() {
    let (_model, mut command) = endless(&["--json"]);
    let (child, mut stdout) = spawn(&mut command);
    // Nothing shows when the answer has begun, and before that an interrupt kills.
    std::thread::sleep(std::time::Duration::from_secs(3));
    interrupt(&child);
    let mut object = String::new();
    stdout.read_to_string(&mut object).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    let result: Value = serde_json::from_str(&object).unwrap();
    assert_eq!(result["stop_reason"], "cancelled");
    assert!(result["generated_tokens"].as_u64().unwrap() > 0);
}

#[test]
fn every_commands_help_has_examples() {
    for command in [
        vec![],
        vec!["memory"],
        vec!["generate"],
        vec!["chat"],
        vec!["cache-prompt"],
        vec!["debug"],
        vec!["debug", "logits"],
    ] {
        let help = output_of(command.iter().chain([&"--help"]));
        let (_, examples) = help.split_once("Examples:").expect("no examples");
        assert!(examples.contains("headroom "), "{help}");
    }
}
