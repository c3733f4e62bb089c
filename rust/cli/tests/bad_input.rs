//! Whatever is wrong with files or arguments: one clear sentence, the right exit code, nothing
//! crashed, nothing written.

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use support::tiny_model::{
    TinyModel, VOCABULARY_SIZE, golden_case, storyteller, tokenizer, tokenizer_with_begin,
};
use support::{headroom, refusal};

const FAILURE: i32 = 1;
const WRONG_USE: i32 = 2;

fn generate(model: &Path, more: &[&str]) -> Command {
    let mut command = headroom(["generate", "--max-tokens", "4", "--model"]);
    command.arg(model).args(more);
    command
}

/// The sentence, after checking that it names each of `parts`.
#[track_caller]
fn assert_refused(command: &mut Command, exit_code: i32, parts: &[&str]) {
    let refusal = refusal(command);
    for part in parts {
        assert!(
            refusal.sentence.contains(part),
            "`{part}` is not in: {}",
            refusal.sentence
        );
    }
    assert_eq!(refusal.exit_code, exit_code, "{}", refusal.sentence);
}

/// A model that is damaged in one way fails the same way in every command that loads it, and leaves
/// no output behind.
#[track_caller]
fn assert_model_refused(damage: impl FnOnce(&TinyModel), parts: &[&str]) {
    let model = TinyModel::of("llama-float32");
    damage(&model);
    let prompt = ["--prompt", "abc"];
    assert_refused(&mut generate(model.path(), &prompt), FAILURE, parts);
    let outputs = tempfile::tempdir().unwrap();
    let file = outputs.path().join("logits.safetensors");
    assert_refused(&mut logits(model.path(), "1,2,3", &file), FAILURE, parts);
    assert_eq!(fs::read_dir(outputs.path()).unwrap().count(), 0);
}

/// Logits need no tokenizer, so damage there shows in `generate` alone.
#[track_caller]
fn assert_tokenizer_refused(damage: impl FnOnce(&TinyModel), parts: &[&str]) {
    let model = TinyModel::of("llama-float32");
    damage(&model);
    let prompt = ["--prompt", "abc"];
    assert_refused(&mut generate(model.path(), &prompt), FAILURE, parts);
}

fn logits(model: &Path, tokens: &str, output: &Path) -> Command {
    let mut command = headroom(["debug", "logits", "--tokens", tokens, "--model"]);
    command.arg(model).arg("--output").arg(output);
    command
}

#[test]
fn a_directory_that_is_not_there() {
    let missing = Path::new("no/such/model");
    let parts = ["no/such/model"];
    assert_refused(&mut generate(missing, &["--prompt", "a"]), FAILURE, &parts);
    assert_refused(
        &mut generate(missing, &["--prompt", "a", "--json"]),
        FAILURE,
        &parts,
    );
}

#[test]
fn a_file_in_place_of_a_directory() {
    let file = golden_case("llama-float32").join("model/config.json");
    assert_refused(
        &mut generate(&file, &["--prompt", "a"]),
        FAILURE,
        &["config.json"],
    );
}

#[test]
fn files_that_are_missing() {
    assert_model_refused(|model| model.remove("config.json"), &["config.json"]);
    let no_weights = |model: &TinyModel| {
        model.remove("model.safetensors");
        model.remove("model.safetensors.index.json");
    };
    assert_model_refused(no_weights, &["safetensors"]);
    assert_model_refused(
        |model| model.remove("model.safetensors"),
        &["model.safetensors"],
    );
    assert_tokenizer_refused(|model| model.remove("tokenizer.json"), &["tokenizer.json"]);
}

#[test]
fn files_that_are_truncated() {
    for bytes in [0, 4, 9, 300, 60_000, 113_332] {
        assert_model_refused(
            |model| model.truncate("model.safetensors", bytes),
            &["model.safetensors"],
        );
    }
    assert_model_refused(|model| model.truncate("config.json", 100), &["config.json"]);
    assert_tokenizer_refused(
        |model| model.truncate("tokenizer.json", 100),
        &["tokenizer.json"],
    );
}

#[test]
fn files_that_are_empty_objects() {
    assert_model_refused(|model| model.write("config.json", "{}"), &["config.json"]);
    assert_tokenizer_refused(
        |model| model.write("tokenizer.json", "{}"),
        &["tokenizer.json"],
    );
}

#[test]
fn shapes_that_the_configuration_does_not_ask_for() {
    for (field, value) in [
        ("hidden_size", json!(64)),
        ("intermediate_size", json!(40)),
        ("num_hidden_layers", json!(3)),
        ("vocab_size", json!(95)),
        ("num_key_value_heads", json!(4)),
    ] {
        assert_model_refused(|model| model.configure(field, value), &[]);
    }
    assert_model_refused(
        |model| model.configure("intermediate_size", json!(40)),
        &[
            "config.json",
            "model.layers.{0,1}.mlp.gate_proj.weight",
            "48",
            "40",
        ],
    );
}

#[test]
fn sizes_that_make_no_sense() {
    for field in [
        "hidden_size",
        "num_attention_heads",
        "vocab_size",
        "num_hidden_layers",
    ] {
        for value in [json!(0), json!(-1), json!(u64::MAX), json!("8"), json!(1.5)] {
            assert_model_refused(
                |model| model.configure(field, value),
                &["config.json", field],
            );
        }
    }
}

#[test]
fn a_model_type_that_nobody_knows() {
    assert_model_refused(
        |model| model.configure("model_type", json!("gpt2")),
        &["gpt2", "llama", "qwen3"],
    );
}

#[test]
fn a_tokenizer_that_does_not_match_the_vocabulary() {
    assert_tokenizer_refused(
        |model| model.write_json("tokenizer.json", &tokenizer(VOCABULARY_SIZE + 1)),
        &["tokenizer.json", "96", "95"],
    );
    assert_tokenizer_refused(
        |model| model.write_json("tokenizer.json", &tokenizer_with_begin(4_000_000)),
        &["tokenizer.json"],
    );
}

#[test]
fn a_template_that_refuses() {
    assert_tokenizer_refused(
        |model| model.write("chat_template.jinja", "{{ raise_exception('only poems') }}"),
        &["chat_template.jinja", "only poems"],
    );
}

#[test]
fn prompts_that_cannot_be_continued() {
    let model = TinyModel::of("llama-float32");
    assert_refused(
        &mut generate(model.path(), &["--prompt", ""]),
        WRONG_USE,
        &["prompt is empty"],
    );
    assert_refused(
        &mut generate(&storyteller(), &["--prompt", ""]),
        WRONG_USE,
        &["prompt is empty"],
    );
    let mut from_nothing = generate(model.path(), &["--prompt", "-"]);
    assert_refused(&mut from_nothing, WRONG_USE, &["prompt is empty"]);
    let long = "a".repeat(513);
    let too_long = ["--prompt", long.as_str()];
    assert_refused(
        &mut generate(model.path(), &too_long),
        WRONG_USE,
        &["513", "512"],
    );
    let system = ["--prompt", "a", "--system", "b"];
    assert_refused(
        &mut generate(model.path(), &system),
        WRONG_USE,
        &["no chat template"],
    );
}

#[test]
fn a_prompt_that_is_not_text() {
    let bytes = tempfile::NamedTempFile::new().unwrap();
    fs::write(bytes.path(), b"caf\xE9").unwrap();
    let mut command = generate(&storyteller(), &["--prompt", "-"]);
    command.stdin(Stdio::from(fs::File::open(bytes.path()).unwrap()));
    assert_refused(&mut command, FAILURE, &["standard input", "UTF-8"]);
}

#[test]
fn parameters_out_of_range() {
    for (flag, value, name) in [
        ("--max-tokens", "0", "max_tokens"),
        ("--prefill-step", "0", "prefill_step"),
        ("--temp", "-1", "temperature"),
        ("--temp", "NaN", "temperature"),
        ("--top-p", "0", "top_p"),
        ("--top-p", "1.5", "top_p"),
        ("--min-p", "2", "min_p"),
        ("--repetition-penalty", "0", "repetition_penalty"),
        ("--stop", "", "stop"),
    ] {
        let mut command = headroom(["generate", "--prompt", "a", "--model"]);
        command.arg(storyteller()).args([flag, value]);
        assert_refused(&mut command, WRONG_USE, &[name]);
    }
}

#[test]
fn a_group_that_is_longer_than_a_head() {
    let model = TinyModel::of("llama-float32");
    let mut command = generate(model.path(), &["--prompt", "a", "--kv-bits", "4"]);
    command.args(["--kv-group-size", "128"]);
    assert_refused(&mut command, WRONG_USE, &["128"]);
}

#[test]
fn arguments_that_nobody_knows() {
    for arguments in [
        vec!["sing"],
        vec!["generate"],
        vec!["memory", "--loud"],
        vec!["memory", "--watch", "0"],
        vec!["memory", "--watch", "soon"],
        vec![
            "generate",
            "--model",
            "m",
            "--prompt",
            "p",
            "--max-tokens",
            "many",
        ],
        vec![
            "generate",
            "--model",
            "m",
            "--prompt",
            "p",
            "--max-tokens",
            "-1",
        ],
        vec!["generate", "--model", "m", "--prompt", "p", "--seed", "1.5"],
        vec![
            "generate",
            "--model",
            "m",
            "--prompt",
            "p",
            "--no-chat-template",
            "--system",
            "s",
        ],
        vec![
            "debug", "logits", "--model", "m", "--tokens", "1,x", "--output", "o",
        ],
        vec![
            "debug", "logits", "--model", "m", "--tokens", "", "--output", "o",
        ],
        vec![
            "debug",
            "logits",
            "--model",
            "m",
            "--tokens",
            "4294967296",
            "--output",
            "o",
        ],
        vec![
            "debug", "logits", "--model", "m", "--tokens", "1", "--chunk", "0", "--output", "o",
        ],
        vec!["debug", "logits", "--model", "m", "--tokens", "1"],
    ] {
        assert_refused(&mut headroom(arguments), WRONG_USE, &[]);
    }
}

#[test]
fn ids_outside_the_vocabulary() {
    let outputs = tempfile::tempdir().unwrap();
    let file = outputs.path().join("logits.safetensors");
    let model = golden_case("llama-float32").join("model");
    for (tokens, id) in [("96", "96"), ("0,95,4294967295", "4294967295")] {
        let parts = [id, "vocabulary of 96", "0 to 95"];
        assert_refused(&mut logits(&model, tokens, &file), WRONG_USE, &parts);
    }
    assert_eq!(fs::read_dir(outputs.path()).unwrap().count(), 0);
}

#[test]
fn places_that_cannot_be_written_to() {
    let outputs = tempfile::tempdir().unwrap();
    let model = golden_case("llama-float32").join("model");
    let missing = outputs.path().join("missing/logits.safetensors");
    assert_refused(
        &mut logits(&model, "1", &missing),
        FAILURE,
        &["missing", "nothing was written"],
    );
    assert_refused(
        &mut logits(&model, "1", outputs.path()),
        FAILURE,
        &["no ordinary file"],
    );
    assert_refused(
        &mut logits(&model, "1", Path::new("/dev/null")),
        FAILURE,
        &["/dev/null"],
    );
    assert_eq!(fs::read_dir(outputs.path()).unwrap().count(), 0);
}
