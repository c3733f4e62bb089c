//! `headroom chat` in a pipe: a line is a question or a command, and answers alone go to standard
//! output.

mod support;

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use support::tiny_model::{TinyModel, storyteller};
use support::{endless_talker, headroom, output_of, refusal, text};

const FOX: &str = "Tell me a story about a fox.";

fn chat(more: &[&str]) -> Vec<OsString> {
    let mut arguments = vec!["chat".into(), "--model".into(), storyteller().into()];
    arguments.extend(["--max-tokens", "12"].map(OsString::from));
    arguments.extend(more.iter().map(OsString::from));
    arguments
}

/// What came out of a chat that ended well.
struct Said {
    answers: String,
    /// Lines of standard error.
    beside: Vec<String>,
}

#[track_caller]
fn say_bytes(command: &mut Command, lines: &[u8]) -> Said {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    Said {
        answers: text(&output.stdout),
        beside: text(&output.stderr).lines().map(str::to_owned).collect(),
    }
}

#[track_caller]
fn say(more: &[&str], lines: &[&str]) -> Said {
    say_bytes(&mut headroom(chat(more)), lines.join("\n").as_bytes())
}

/// How many prompt tokens each answer took from the cache.
fn cached_tokens(said: &Said) -> Vec<u32> {
    let figures = said.beside.iter().filter_map(|line| {
        let (before, _) = line.split_once(" of them cached")?;
        before.rsplit(' ').next()?.parse().ok()
    });
    figures.collect()
}

#[test]
fn answers_alone_go_to_standard_output() {
    let said = say(&[], &[FOX, "", "What happened then?\r"]);
    assert_eq!(said.beside, [""; 0]);
    let mut generate = chat(&["--prompt", FOX]);
    generate[0] = "generate".into();
    let first = output_of(generate);
    assert!(said.answers.starts_with(&first), "{}", said.answers);
    assert!(said.answers.len() > first.len() + 1);
    assert!(said.answers.ends_with('\n'));
}

#[test]
fn what_commands_tell_goes_to_standard_error() {
    let lines = ["/help", "/memory", "/system", "/exit", FOX];
    let said = say(&["--system", "Be kind."], &lines);
    assert_eq!(said.answers, "", "nothing is read behind /exit");
    let beside = said.beside.join("\n");
    for part in [
        "/load FILE",
        "1 messages, 0 tokens seen",
        "keeps every token",
        "as computed",
        "available",
        "pressure",
        "\nBe kind.",
    ] {
        assert!(beside.contains(part), "{part} is not in {beside}");
    }
}

#[test]
fn figures_of_an_answer_are_one_line() {
    let said = say(&["--memory-stats"], &[FOX, "And then?"]);
    assert_eq!(said.beside.len(), 2);
    let cached = cached_tokens(&said);
    assert_eq!(cached[0], 0);
    assert!(cached[1] > 12, "{cached:?}");
}

#[test]
fn a_saved_conversation_goes_on_in_another_process_as_if_it_had_never_ended() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("fox story.chat");
    let save = format!("/save {}", file.display());
    let load = format!("/load {}", file.display());
    let flags = ["--memory-stats", "--system", "You are a kind owl."];
    let whole = say(&flags, &[FOX, &save, "And then?"]);
    let loaded = say(&flags[..1], &[&load, "And then?"]);
    assert!(whole.answers.ends_with(&loaded.answers));
    assert_eq!(cached_tokens(&loaded)[0], cached_tokens(&whole)[1]);
    let path = file.to_str().unwrap();
    let started = say(&["--prompt-cache", path, "--memory-stats"], &["And then?"]);
    assert_eq!(started.answers, loaded.answers);
    assert_eq!(cached_tokens(&started), cached_tokens(&loaded));
}

#[test]
fn what_goes_wrong_leaves_the_conversation_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let damaged = directory.path().join("damaged.chat");
    fs::write(&damaged, b"no safetensors").unwrap();
    let foreign = saved_by(&endless_talker(), directory.path());
    let bad = [
        "/sing".to_owned(),
        "/save".to_owned(),
        "/reset all".to_owned(),
        "/load no/such/file".to_owned(),
        format!("/load {}", directory.path().display()),
        format!("/load {}", damaged.display()),
        format!("/load {}", foreign.display()),
        format!("/save {}/no/such/directory", directory.path().display()),
    ];
    let mut lines = vec![FOX];
    lines.extend(bad.iter().map(String::as_str));
    lines.push("And then?");
    let said = say(&[], &lines);
    assert_eq!(said.answers, say(&[], &[FOX, "And then?"]).answers);
    assert_eq!(said.beside.len(), bad.len(), "{:?}", said.beside);
    for line in &said.beside {
        assert!(line.starts_with("error: "), "{line}");
    }
    assert!(
        said.beside[6].contains("another model"),
        "{}",
        said.beside[6]
    );
}

#[test]
fn a_conversation_starts_from_instructions_that_were_cached() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("owl.cache");
    let file = file.to_str().unwrap();
    let owl = [
        "--system",
        "You are a kind old owl who tells short stories.",
    ];
    let model = storyteller();
    let mut caching = headroom(["cache-prompt", "--output", file, "--model"]);
    caching.arg(&model).args(owl);
    assert!(caching.output().unwrap().status.success());
    let start = ["--memory-stats", "--prompt-cache", file];
    let started = say(&[&owl[..], &start].concat(), &[FOX]);
    assert!(cached_tokens(&started)[0] > 10);
    assert_eq!(started.answers, say(&owl, &[FOX]).answers);
}

/// A conversation of that model.
fn saved_by(model: &TinyModel, directory: &Path) -> std::path::PathBuf {
    let path = directory.join("foreign.chat");
    let save = format!("abc\n/save {}\n", path.display());
    let mut command = headroom(["chat", "--max-tokens", "4", "--model"]);
    say_bytes(command.arg(model.path()), save.as_bytes());
    path
}

#[test]
fn a_line_that_is_no_text_is_left_out() {
    let mut lines = b"caf\xE9\n".to_vec();
    lines.extend(FOX.as_bytes());
    let said = say_bytes(&mut headroom(chat(&[])), &lines);
    assert_eq!(said.answers, say(&[], &[FOX]).answers);
    assert_eq!(said.beside.len(), 1);
    assert!(said.beside[0].contains("UTF-8"), "{}", said.beside[0]);
}

#[test]
fn a_reset_forgets_all_but_the_instructions() {
    let said = say(&["--system", "Be kind."], &[FOX, "/reset", FOX, "/system"]);
    let (first, second) = said.answers.split_at(said.answers.len() / 2);
    assert_eq!(first, second);
    assert_eq!(said.beside, ["Be kind."]);
}

#[test]
fn instructions_may_change_on_the_way() {
    let lines = ["/system", "/system Be kind.", FOX, "/system", "/memory"];
    let said = say(&[], &lines);
    let given = say(&["--system", "Be kind."], &[FOX]);
    assert_eq!(said.answers, given.answers);
    assert_eq!(said.beside[..2], ["There are none.", "Be kind."]);
    assert!(said.beside[2].contains("3 messages"), "{}", said.beside[2]);
}

#[test]
fn a_draft_model_changes_nothing_that_is_said() {
    let model = storyteller();
    let draft = ["--draft-model", model.to_str().unwrap()];
    let drafted = say(&draft, &[FOX, "And then?"]);
    assert_eq!(drafted.answers, say(&[], &[FOX, "And then?"]).answers);
}

#[test]
fn the_kv_cache_is_what_the_flags_say() {
    let kept = |more: &[&str]| say(more, &[FOX, "/memory"]).beside.join("\n");
    let bounded = kept(&["--max-kv-size", "64", "--kv-bits", "8"]);
    assert!(bounded.contains("64 at most"), "{bounded}");
    assert!(bounded.contains("8 bits in groups of 64"), "{bounded}");
    let adaptive = kept(&["--adaptive-memory"]);
    assert!(adaptive.contains("keeps every token"), "{adaptive}");
    let told = kept(&["--adaptive-memory", "--kv-bits", "4"]);
    assert!(told.contains("4 bits in groups of 64"), "{told}");
}

/// A chat in the middle of an answer that has no end.
struct Talking {
    _model: TinyModel,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Talking {
    fn start() -> Self {
        let model = endless_talker();
        let mut command = headroom(["chat", "--max-tokens", "900000", "--model"]);
        let piped = command.arg(model.path()).stdin(Stdio::piped());
        let piped = piped.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdin.write_all(b"abc\n").unwrap();
        stdout.read_exact(&mut [0; 3]).unwrap();
        Self {
            _model: model,
            child,
            stdin,
            stdout,
        }
    }

    /// Sends a signal and reads the answer to its end.
    fn signal(&mut self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status();
        assert!(sent.unwrap().success());
        self.stdout.read_line(&mut String::new()).unwrap();
    }
}

#[test]
fn an_interrupt_ends_the_answer_and_not_the_chat() {
    let mut talking = Talking::start();
    talking.signal("-INT");
    talking.stdin.write_all(b"/memory\n").unwrap();
    drop(talking.stdin);
    let output = talking.child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("2 messages"));
}

#[test]
fn a_signal_to_end_ends_the_answer_and_the_chat() {
    let mut talking = Talking::start();
    talking.signal("-TERM");
    let output = talking.child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let Talking {
        _model,
        child,
        stdout,
        ..
    } = Talking::start();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn what_cannot_be_meant_ends_before_anything_is_asked() {
    let other = TinyModel::of("llama-float32");
    let other = other.path().to_str().unwrap();
    for (exit_code, more, part) in [
        (2, vec!["--temp", "-1"], "temperature"),
        (2, vec!["--max-kv-size", "3"], "max_kv_size"),
        (2, vec!["--regex", "("], "regular expression"),
        (2, vec!["--logit-bias", "3072=1"], "3071"),
        (2, vec!["--num-draft-tokens", "2"], "required"),
        (2, vec!["--draft-model", other], "vocabulary"),
        (
            2,
            vec!["--prompt-cache", "f", "--kv-bits", "8"],
            "--kv-bits",
        ),
        (1, vec!["--draft-model", "./no/such/model"], "no/such/model"),
        (1, vec!["--prompt-cache", "no/such/file"], "no/such/file"),
        (2, vec!["--model", other], "cannot be used multiple times"),
    ] {
        let refused = refusal(&mut headroom(chat(&more)));
        assert_eq!(refused.exit_code, exit_code, "{}", refused.sentence);
        assert!(refused.sentence.contains(part), "{}", refused.sentence);
    }
    let model = storyteller();
    let many = ["--draft-model", model.to_str().unwrap()];
    let many = [&many[..], &["--num-draft-tokens", "17"]].concat();
    let refused = refusal(&mut headroom(chat(&many)));
    assert_eq!(refused.exit_code, 2);
    assert!(refused.sentence.contains("from 1 to 16"));
}

#[test]
fn a_model_without_a_template_is_wrong_use() {
    let plain = TinyModel::of("llama-float32");
    let mut command = headroom(["chat", "--model"]);
    let refused = refusal(command.arg(plain.path()));
    assert_eq!(refused.exit_code, 2);
    assert!(refused.sentence.contains("no chat template"));
}
