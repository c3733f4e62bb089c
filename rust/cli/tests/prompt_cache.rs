//! `headroom cache-prompt`, and what starts from the file that it writes.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::tiny_model::{TinyModel, storyteller};
use support::{headroom, output_of, refusal};
use tempfile::TempDir;

const OWL: [&str; 2] = [
    "--system",
    "You are a kind old owl who tells short stories.",
];
const FOX: [&str; 2] = ["--prompt", "Tell me a story about a fox."];

/// A command on the shipped model.
fn on_storyteller(command: &str, more: &[&[&str]]) -> Vec<String> {
    let model = storyteller().into_os_string().into_string().unwrap();
    let mut arguments = vec![command.to_owned(), "--model".to_owned(), model];
    arguments.extend(more.iter().copied().flatten().map(|&word| word.to_owned()));
    arguments
}

fn object(arguments: Vec<String>) -> Value {
    serde_json::from_str(&output_of(arguments)).unwrap()
}

fn generated(more: &[&[&str]]) -> Value {
    let short: &[&str] = &["--json", "--max-tokens", "12"];
    object(on_storyteller("generate", &[more, &[short]].concat()))
}

/// A file in a directory of its own.
fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("prompt.cache");
    (directory, file)
}

fn cached(more: &[&[&str]]) -> (TempDir, String, Value) {
    let (directory, file) = place();
    let file = file.into_os_string().into_string().unwrap();
    let output: &[&str] = &["--json", "--output", &file];
    let written = object(on_storyteller("cache-prompt", &[more, &[output]].concat()));
    (directory, file, written)
}

#[test]
fn a_prompt_that_was_cached_is_not_computed_again() {
    let (_directory, file, written) = cached(&[&OWL, &FOX]);
    assert_eq!(written["output"], file);
    assert_eq!(written["cache"]["tokens"], written["prompt_tokens"]);
    assert_eq!(written["file_bytes"], fs::metadata(&file).unwrap().len());
    let fresh = generated(&[&OWL, &FOX]);
    let started = generated(&[&OWL, &FOX, &["--prompt-cache", &file]]);
    assert_eq!(fresh["cached_prompt_tokens"], 0);
    let prompt_tokens = started["prompt_tokens"].as_u64().unwrap();
    assert_eq!(started["cached_prompt_tokens"], prompt_tokens - 1);
    assert_eq!(started["tokens"], fresh["tokens"]);
}

#[test]
fn instructions_alone_serve_every_conversation_under_them() {
    let (_directory, file, written) = cached(&[&OWL]);
    let start = ["--prompt-cache", file.as_str()];
    for question in [FOX, ["--prompt", "Who are you?"]] {
        let started = generated(&[&OWL, &question, &start]);
        let cached = started["cached_prompt_tokens"].as_u64().unwrap();
        // What the template puts behind a question is all that is not shared.
        assert!(cached + 3 >= written["prompt_tokens"].as_u64().unwrap());
        assert_eq!(started["tokens"], generated(&[&OWL, &question])["tokens"]);
    }
}

#[test]
fn plain_text_goes_on_from_where_it_was_cached() {
    let plain = ["--no-chat-template"];
    let (_directory, file, _) = cached(&[&plain, &["--prompt", "Once upon a time there was"]]);
    let longer = ["--prompt", "Once upon a time there was a little fox"];
    let started = generated(&[&plain, &longer, &["--prompt-cache", &file]]);
    assert!(started["cached_prompt_tokens"].as_u64().unwrap() >= 5);
    assert_eq!(started["tokens"], generated(&[&plain, &longer])["tokens"]);
}

#[test]
fn a_prompt_may_come_through_a_pipe_and_the_result_is_a_line() {
    let (directory, file) = place();
    let book = directory.path().join("book.txt");
    fs::write(&book, "Once upon a time").unwrap();
    let mut command = headroom(on_storyteller("cache-prompt", &[&["--prompt", "-"]]));
    command.arg("--output").arg(&file);
    let output = command
        .stdin(fs::File::open(&book).unwrap())
        .output()
        .unwrap();
    assert_eq!(support::text(&output.stderr), "");
    let line = support::text(&output.stdout);
    assert!(line.starts_with(&format!("{}: ", file.display())), "{line}");
    assert!(
        line.contains(" tokens, ") && line.ends_with("B\n"),
        "{line}"
    );
}

#[test]
fn keys_and_values_stay_as_they_were_cached() {
    let kept = ["--kv-bits", "4", "--kv-group-size", "32"];
    let (_directory, file, written) = cached(&[&FOX, &kept]);
    assert_eq!(written["cache"]["quantization"]["bits"], 4);
    let started = generated(&[&FOX, &["--prompt-cache", &file]]);
    let whole = generated(&[&FOX]);
    assert!(started["kv_cache_bytes"].as_u64() < whole["kv_cache_bytes"].as_u64());
}

#[test]
fn a_draft_model_changes_nothing_that_is_generated() {
    let model = storyteller().into_os_string().into_string().unwrap();
    let draft = ["--draft-model", model.as_str(), "--num-draft-tokens", "5"];
    let (_directory, file, _) = cached(&[&FOX]);
    let drafted = generated(&[&FOX, &draft, &["--prompt-cache", &file]]);
    assert_eq!(drafted["tokens"], generated(&[&FOX])["tokens"]);
}

/// `cache-prompt` with a plain prompt.
fn caching(output: &Path, more: &[&str]) -> Command {
    let prompt: &[&str] = &["--prompt", "abc"];
    let mut command = headroom(on_storyteller("cache-prompt", &[prompt, more]));
    command.arg("--output").arg(output);
    command
}

#[test]
fn places_that_cannot_be_written_to_are_refused_before_anything_is_computed() {
    let (directory, _) = place();
    let missing = directory.path().join("missing/prompt.cache");
    let refused = refusal(&mut caching(&missing, &[]));
    assert_eq!(refused.exit_code, 1);
    assert!(refused.sentence.contains("its directory is not there"));
    for output in [directory.path(), Path::new("/dev/null")] {
        let refused = refusal(&mut caching(output, &[]));
        assert_eq!(refused.exit_code, 1);
        assert!(refused.sentence.contains("no ordinary file"));
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_meant_is_wrong_use_and_writes_nothing() {
    let (directory, file) = place();
    for (more, part) in [
        (vec!["--kv-bits", "5"], "kv_bits"),
        (vec!["--max-kv-size", "2"], "max_kv_size"),
        (vec!["--prefill-step", "0"], "prefill_step"),
        (vec!["--system", "a", "--no-chat-template"], "--system"),
    ] {
        let refused = refusal(&mut caching(&file, &more));
        assert_eq!(refused.exit_code, 2, "{}", refused.sentence);
        assert!(refused.sentence.contains(part), "{}", refused.sentence);
    }
    let output = ["--output", file.to_str().unwrap()];
    let empty = on_storyteller("cache-prompt", &[&output, &["--prompt", ""]]);
    assert_eq!(refusal(&mut headroom(empty)).exit_code, 2);
    let nothing = on_storyteller("cache-prompt", &[&output]);
    assert_eq!(refusal(&mut headroom(nothing)).exit_code, 2);
    let plain = TinyModel::of("llama-float32");
    let mut without_template = headroom(["cache-prompt", "--system", "be", "--model"]);
    let refused = refusal(without_template.arg(plain.path()).args(output));
    assert_eq!(refused.exit_code, 2);
    assert!(refused.sentence.contains("no chat template"));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn files_that_are_no_cache_of_this_model_are_refused() {
    let (directory, file, _) = cached(&[&FOX]);
    let cut = directory.path().join("cut.cache");
    let bytes = fs::read(&file).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let weights = storyteller().join("model.safetensors");
    let refused = |path: &Path| {
        let mut command = headroom(on_storyteller("generate", &[&FOX]));
        refusal(command.arg("--prompt-cache").arg(path))
    };
    for (path, part) in [
        (cut.as_path(), "cut.cache"),
        (weights.as_path(), "not a saved prompt cache"),
        (Path::new("no/such.cache"), "no/such.cache"),
        (directory.path(), "not a regular file"),
    ] {
        let refused = refused(path);
        assert_eq!(refused.exit_code, 1, "{}", refused.sentence);
        assert!(refused.sentence.contains(part), "{}", refused.sentence);
    }
    let other = TinyModel::of("llama-float32");
    let mut command = headroom(["generate", "--prompt", "abc", "--model"]);
    command.arg(other.path()).args(["--prompt-cache", &file]);
    let refused = refusal(&mut command);
    assert_eq!(refused.exit_code, 1);
    assert!(refused.sentence.contains("another model"));
}
