//! Whole runs of a very small model: what is stopped goes on as if it had not been, what goes wrong
//! leaves the last checkpoint, and the output is a model.

#[allow(dead_code, reason = "each of the tests takes what it needs")]
mod workplace;

use std::fs;
use std::path::Path;

use headroom_train::TrainError;
use headroom_train::record::StepRecord;
use headroom_train::run::Resume;
use headroom_train::sft::{SftConfig, train_sft};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use workplace::{Stopper, Workplace};

fn losses(steps: &[StepRecord]) -> Vec<(u64, f64)> {
    steps.iter().map(|step| (step.step, step.loss)).collect()
}

fn weights(output: &Path) -> Vec<u8> {
    fs::read(output.join("model.safetensors")).unwrap()
}

#[test]
fn a_run_that_was_stopped_twice_is_the_uninterrupted_one_to_the_bit() {
    stopped_twice(json!({"dtype": "float32"}));
}

#[test]
fn so_is_one_in_bfloat16_whose_weights_are_rounded_by_chance() {
    stopped_twice(json!({"dtype": "bfloat16"}));
}

fn stopped_twice(more: Value) {
    let workplace = Workplace::new();
    let whole = workplace.trained("whole", more.clone());
    assert_eq!((whole.steps, whole.tokens), (6, 6 * 128));
    for (behind, resume) in [(Some(1), Resume::No), (Some(4), Resume::Yes)] {
        let stopped = workplace
            .train("parts", more.clone(), resume, &mut Stopper::behind(behind))
            .unwrap();
        assert_eq!((Some(stopped.steps), stopped.model), (behind, None));
    }
    let last = workplace
        .train("parts", more.clone(), Resume::Yes, &mut Stopper::never())
        .unwrap();
    assert_eq!(last.model, Some(workplace.path("parts")));
    assert_eq!(
        losses(&workplace.steps("parts")),
        losses(&workplace.steps("whole"))
    );
    assert_eq!(
        weights(&workplace.path("parts")),
        weights(&workplace.path("whole"))
    );
    assert_eq!(
        last.evaluation.unwrap().bits_per_byte,
        whole.evaluation.unwrap().bits_per_byte
    );
}

#[test]
fn losses_do_not_depend_on_how_rows_are_cut_but_by_rounding() {
    let workplace = Workplace::new();
    workplace.trained("two", json!({}));
    workplace.trained("four", json!({"device-batch-size": 4, "recompute": true}));
    for ((_, one), (_, other)) in losses(&workplace.steps("two"))
        .into_iter()
        .zip(losses(&workplace.steps("four")))
    {
        assert!((one - other).abs() < 1e-3 * one, "{one} {other}");
    }
}

#[test]
fn what_is_no_number_stops_the_run_and_leaves_the_last_checkpoint() {
    let workplace = Workplace::new();
    let more = json!({"matrix-learning-rate": 1e300, "save-every": 1, "warm-down-share": 1.0});
    let trained = workplace.train("bad", more, Resume::No, &mut Stopper::never());
    let error = trained.unwrap_err();
    assert!(matches!(error, TrainError::NotFinite { .. }), "{error}");
    let sentence = error.to_string();
    assert!(sentence.contains("transformer.h.0"), "{sentence}");
    assert!(!workplace.path("bad/checkpoints/step-00000001").exists());
}

#[test]
fn what_was_finished_before_the_data_failed_is_saved() {
    let workplace = Workplace::new();
    let shards = workplace.path("shards");
    fs::create_dir(&shards).unwrap();
    fs::copy(workplace.path("text.jsonl"), shards.join("a.jsonl")).unwrap();
    fs::write(shards.join("b.jsonl"), "no JSON\n").unwrap();
    fs::copy(workplace.path("text.jsonl"), shards.join("c.jsonl")).unwrap();
    workplace.trained("tokenizer", json!({"num-iterations": 1}));
    let more = json!({
        "data": shards, "strict": true, "tokenizer": workplace.path("tokenizer"), "vocab": null,
        "num-iterations": 1000, "eval-every": 0, "save-every": 0,
    });
    let trained = workplace.train("run", more, Resume::No, &mut Stopper::never());
    let sentence = trained.unwrap_err().to_string();
    assert!(sentence.contains("b.jsonl"), "{sentence}");
    let step = workplace.steps("run").last().unwrap().step;
    let saved = workplace.path(&format!("run/checkpoints/step-{step:08}/manifest.json"));
    assert!(saved.is_file(), "step {step} was finished and is not saved");
}

#[test]
fn a_run_goes_on_only_with_its_own_settings() {
    let workplace = Workplace::new();
    workplace.trained("run", json!({"num-iterations": 2}));
    assert!(workplace.refusal("run", json!({})).contains("--resume"));
    let other = json!({
        "num-iterations": 2, "seed": 7, "gradient-clip": 0.5, "state-dtype": "bfloat16", "save-every": 1,
    });
    let error = workplace
        .train("run", other, Resume::Yes, &mut Stopper::never())
        .unwrap_err();
    let sentence = error.to_string();
    for field in ["seed", "gradient-clip", "state-dtype"] {
        assert!(sentence.contains(field), "{sentence}");
    }
    assert!(!sentence.contains("save-every"), "{sentence}");
}

/// Lets a checkpoint say that its run was told nothing of the optimizers' type.
fn forget_state_dtype(checkpoint: &Path) {
    const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";
    let path = checkpoint.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    let mut manifest: Value = serde_json::from_str(&text).unwrap();
    let before = manifest["sha256"].as_str().unwrap().to_owned();
    manifest["state"]["configuration"]["state-dtype"] = Value::Null;
    manifest["sha256"] = json!(BLANK);
    let text = text.replace(&before, BLANK);
    let text = text.replace(r#""state-dtype": "bfloat16""#, r#""state-dtype": null"#);
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), manifest);
    let digest = Sha256::digest(&text);
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(path, text.replace(BLANK, &hash)).unwrap();
}

#[test]
fn a_run_remembers_as_precisely_as_it_began_however_much_memory_there_is_by_now() {
    let workplace = Workplace::new();
    let more = json!({"state-dtype": "bfloat16"});
    let mut stopper = Stopper::behind(Some(2));
    workplace
        .train("run", more, Resume::No, &mut stopper)
        .unwrap();
    forget_state_dtype(&workplace.path("run/checkpoints/step-00000002"));
    let mut observer = Stopper::never();
    workplace
        .train("run", json!({}), Resume::Yes, &mut observer)
        .unwrap();
    assert!(
        observer.plans[0].contains("(bfloat16)"),
        "{}",
        observer.plans[0]
    );
}

#[test]
fn sizes_that_do_not_suit_each_other_are_refused() {
    let workplace = Workplace::new();
    assert!(
        workplace
            .refusal("a", json!({"depth": 0}))
            .contains("--depth 0")
    );
    assert!(
        workplace
            .refusal("b", json!({"total-batch-size": 100}))
            .contains("64")
    );
    workplace.trained("run", json!({"num-iterations": 1}));
    let tokenizer = workplace.path("run");
    let sentence = workplace.refusal("c", json!({"tokenizer": tokenizer, "vocab": 5000}));
    assert!(sentence.contains("--vocab 5000"), "{sentence}");
    assert!(
        workplace
            .refusal("d", json!({"data": workplace.path("none")}))
            .contains("none")
    );
}

#[test]
fn tuning_learns_the_answers_and_leaves_a_model_that_chats() {
    let workplace = Workplace::new();
    workplace.trained("base", json!({}));
    let fields = json!({
        "model": workplace.path("base"),
        "data": workplace.path("chats.jsonl"),
        "output": workplace.path("chat"),
        "rows-per-step": 4,
        "epochs": 3,
        "rate-share": 0.3,
        "eval-every": 0,
    });
    let config = SftConfig::from_fields(fields).unwrap();
    let outcome = train_sft(&config, Resume::No, &mut Stopper::never()).unwrap();
    let losses = losses(&workplace.steps("chat"));
    let (first, last) = (losses[0].1, losses[losses.len() - 1].1);
    assert!(last < first, "{first} {last}");
    let chat = outcome.model.unwrap();
    assert!(
        fs::read_to_string(chat.join("tokenizer_config.json"))
            .unwrap()
            .contains("chat_template")
    );
    let model =
        headroom_engine::Model::load(&chat, |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert!(
        model
            .evaluate("The fox met the hen.")
            .unwrap()
            .nats
            .is_finite()
    );
}
