//! A directory with a little text and a few conversations, and very small runs in it.

use std::fs;
use std::path::PathBuf;

use headroom_train::TrainError;
use headroom_train::base::{BaseConfig, train_base};
use headroom_train::record::{LOG_FILE, Record, StepRecord, read_log};
use headroom_train::run::{Observer, Outcome, Resume, TrainingEvent};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Stops a run behind a step, in the middle of the next one.
pub(crate) struct Stopper {
    behind: Option<u64>,
    step: u64,
    /// What plans were told of.
    pub(crate) plans: Vec<String>,
}

impl Stopper {
    pub(crate) fn never() -> Self {
        Self::behind(None)
    }

    pub(crate) fn behind(behind: Option<u64>) -> Self {
        Self {
            behind,
            step: 0,
            plans: Vec::new(),
        }
    }
}

impl Observer for Stopper {
    fn happened(&mut self, event: TrainingEvent<'_>) {
        match event {
            TrainingEvent::Step(record) => self.step = record.step,
            TrainingEvent::Planned(plan) => self.plans.push(plan.to_string()),
            _ => {}
        }
    }

    fn wants_stop(&self) -> bool {
        self.behind.is_some_and(|step| self.step >= step)
    }
}

pub(crate) struct Workplace {
    directory: TempDir,
}

impl Workplace {
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let animals = ["fox", "hen", "owl", "cat", "dog", "bee"];
        let line = |number: usize| {
            let (one, other) = (animals[number % 6], animals[number / 6 % 6]);
            let text =
                format!("The {one} number {number} met the {other}, and they went home together.");
            json!({ "text": text }).to_string()
        };
        let text: Vec<String> = (0..400).map(line).collect();
        fs::write(directory.path().join("text.jsonl"), text.join("\n")).unwrap();
        let chat = |number: usize| {
            let animal = animals[number % 6];
            let user = json!({"role": "user", "content": format!("Who is {number}?")});
            let answer = json!({"role": "assistant", "content": format!("The {animal}.")});
            json!({ "messages": [user, answer] }).to_string()
        };
        let chats: Vec<String> = (0..200).map(chat).collect();
        fs::write(directory.path().join("chats.jsonl"), chats.join("\n")).unwrap();
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn fields(&self, output: &str, more: Value) -> Value {
        let mut fields = json!({
            "depth": 2,
            "vocab": 300,
            "context": 32,
            "device-batch-size": 2,
            "total-batch-size": 128,
            "num-iterations": 6,
            "eval-every": 3,
            "eval-tokens": 200,
            "save-every": 2,
            "data": self.path("text.jsonl"),
            "output": self.path(output),
        });
        let (all, more) = (fields.as_object_mut().unwrap(), more.as_object().unwrap());
        all.extend(more.clone());
        fields
    }

    pub(crate) fn train(
        &self,
        output: &str,
        more: Value,
        resume: Resume,
        observer: &mut Stopper,
    ) -> Result<Outcome, TrainError> {
        let config = BaseConfig::from_fields(self.fields(output, more))?;
        train_base(&config, resume, observer)
    }

    pub(crate) fn trained(&self, output: &str, more: Value) -> Outcome {
        self.train(output, more, Resume::No, &mut Stopper::never())
            .unwrap()
    }

    pub(crate) fn refusal(&self, output: &str, more: Value) -> String {
        let trained = self.train(output, more, Resume::No, &mut Stopper::never());
        trained.unwrap_err().to_string()
    }

    pub(crate) fn steps(&self, output: &str) -> Vec<StepRecord> {
        let mut steps = Vec::new();
        read_log(&self.path(output).join(LOG_FILE), |record| {
            if let Record::Step(step) = record {
                steps.push(step);
            }
        })
        .unwrap();
        steps
    }
}
