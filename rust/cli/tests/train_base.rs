//! `headroom train base`: however it is ended, it goes on; and what it leaves is a model.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use support::{headroom, refusal, text};
use tempfile::TempDir;

struct Workplace(TempDir);

impl Workplace {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let line = |number: usize| {
            let text =
                format!("The fox number {number} met a hen, and both went home before night.");
            json!({ "text": text }).to_string()
        };
        let lines: Vec<String> = (0..300).map(line).collect();
        fs::write(directory.path().join("text.jsonl"), lines.join("\n")).unwrap();
        Self(directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A run of 40 steps, a checkpoint behind every second.
    fn arguments(&self, output: &str, more: &[&str]) -> Vec<String> {
        let path = |name: &str| self.path(name).to_str().unwrap().to_owned();
        let mut arguments = vec!["train".to_owned(), "base".to_owned()];
        let fixed = "--depth 2 --vocab 300 --context 32 --device-batch-size 4 --total-batch-size 256 \
            --num-iterations 40 --eval-every 0 --save-every 2";
        arguments.extend(fixed.split_whitespace().map(str::to_owned));
        arguments.extend(["--data".to_owned(), path("text.jsonl")]);
        arguments.extend(["--output".to_owned(), path(output)]);
        for &word in more {
            // A flag that is given again replaces the one above, with its value.
            let given = arguments.iter().position(|argument| argument == word);
            if let Some(at) = given.filter(|_| word.starts_with("--")) {
                arguments.drain(at..at + 2);
            }
            arguments.push(word.to_owned());
        }
        arguments
    }

    fn start(&self, output: &str, more: &[&str]) -> Child {
        let mut command = headroom(self.arguments(output, more));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    fn finish(&self, output: &str, more: &[&str]) -> String {
        let ended = headroom(self.arguments(output, more)).output().unwrap();
        assert!(ended.status.success(), "{}", text(&ended.stderr));
        text(&ended.stdout)
    }

    fn losses(&self, output: &str) -> Vec<(u64, String)> {
        let log = fs::read_to_string(self.path(output).join("log.jsonl")).unwrap();
        let steps = log
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        steps
            .map(|step| (step["step"].as_u64().unwrap(), step["loss"].to_string()))
            .collect()
    }

    fn checkpoints(&self, output: &str) -> usize {
        let listed = fs::read_dir(self.path(output).join("checkpoints"));
        let is_step = |name: &str| name.starts_with("step-");
        let names = listed
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name());
        names
            .filter(|name| is_step(&name.to_string_lossy()))
            .count()
    }

    /// Lets a run get as far as a checkpoint, and some way on.
    fn wait_for_a_checkpoint(&self, output: &str) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while self.checkpoints(output) == 0 {
            assert!(Instant::now() < deadline, "no checkpoint came");
            sleep(Duration::from_millis(5));
        }
        sleep(Duration::from_millis(30));
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    fs::read(one).unwrap() == fs::read(other).unwrap()
}

#[test]
fn killed_and_interrupted_it_comes_to_the_same_model() {
    let workplace = Workplace::new();
    let said = workplace.finish("whole", &[]);
    assert!(said.contains("trained 40 steps on 10240 tokens"), "{said}");
    let mut killed = workplace.start("parts", &[]);
    workplace.wait_for_a_checkpoint("parts");
    killed.kill().unwrap();
    killed.wait().unwrap();
    let mut interrupted = workplace.start("parts", &["--resume"]);
    sleep(Duration::from_millis(400));
    kill_process(Pid::from_child(&interrupted), Signal::INT).unwrap();
    let code = interrupted.wait().unwrap().code();
    assert!(matches!(code, Some(0 | 130)), "{code:?}");
    workplace.finish("parts", &["--resume"]);
    assert_eq!(workplace.losses("parts"), workplace.losses("whole"));
    let [parts, whole] =
        ["parts", "whole"].map(|name| workplace.path(name).join("model.safetensors"));
    assert!(is_same(&parts, &whole), "the weights differ");
}

#[test]
fn what_it_leaves_generates_and_has_its_plots() {
    let workplace = Workplace::new();
    workplace.finish("run", &[]);
    let model = workplace.path("run");
    for name in ["loss.svg", "learning_rate.svg", "memory.svg", "log.jsonl"] {
        assert!(model.join(name).is_file(), "{name}");
    }
    let model = model.to_str().unwrap();
    let asked = [
        "generate",
        "--model",
        model,
        "--prompt",
        "The fox",
        "--max-tokens",
        "5",
        "--json",
    ];
    let answer = headroom(asked).output().unwrap();
    let answer: Value = serde_json::from_slice(&answer.stdout).unwrap();
    assert_eq!(answer["generated_tokens"], 5);
}

#[test]
fn settings_come_from_a_file_and_flags_go_before_it() {
    let workplace = Workplace::new();
    let config = workplace.path("run.toml");
    fs::write(
        &config,
        "num-iterations = 3\nmax-memory = \"2GB\"\nsave-every = 0\n",
    )
    .unwrap();
    let file = config.to_str().unwrap();
    let said = workplace.finish(
        "run",
        &["--config", file, "--num-iterations", "2", "--json"],
    );
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&said["steps"], &said["finished"]),
        (&json!(2), &json!(true))
    );
    fs::write(&config, "num-iteration = 3\n").unwrap();
    let refused = refusal(&mut headroom(
        workplace.arguments("other", &["--config", file]),
    ));
    assert_eq!(refused.exit_code, 2);
    assert!(
        refused.sentence.contains("num-iteration"),
        "{}",
        refused.sentence
    );
}

#[test]
fn wrong_use_is_one_sentence_and_code_2() {
    let workplace = Workplace::new();
    let refused = |more: &[&str]| {
        let refusal = refusal(&mut headroom(workplace.arguments("run", more)));
        assert_eq!(refusal.exit_code, 2, "{}", refusal.sentence);
        refusal.sentence
    };
    assert!(refused(&["--depth", "0"]).contains("--depth 0"));
    assert!(refused(&["--total-batch-size", "250"]).contains("multiple of 128"));
    assert!(refused(&["--max-memory", "90MB"]).contains("85.8 MiB"));
    assert!(refused(&["--keep", "0"]).contains("--keep"));
}
