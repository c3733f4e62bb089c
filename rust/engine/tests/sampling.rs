//! What a host may change about the way tokens are drawn, through whole generations.

mod support;

use std::collections::BTreeMap;

use headroom_engine::{EngineError, LogitsRequest};
use serde_json::json;
use support::tiny_model::{TinyModel, storyteller};
use support::{generate, load, parameters, text};

const PROMPT: &str = "Once upon a time there was a fox who";

#[test]
fn log_probabilities_are_those_of_the_models_logits() {
    let tiny = TinyModel::of("llama-float32");
    let model = load(tiny.path());
    let summary = generate(&model, "abc", |p| {
        (p.temperature, p.top_logprobs, p.presence_penalty) = (1.0, Some(4), 1.0);
    });
    assert_eq!(summary.logprobs.len(), summary.tokens.len());
    let prompt: Vec<u32> = "abc"
        .bytes()
        .map(|byte| u32::from(byte - b'!') + 6)
        .collect();
    let tokens = [&prompt[..], &summary.tokens].concat();
    let logits = LogitsRequest::new(tiny.path().to_owned(), tokens)
        .run()
        .unwrap();
    let rows = logits.values.chunks(logits.vocabulary_size as usize);
    for (row, found) in rows.skip(prompt.len() - 1).zip(&summary.logprobs) {
        let total = row
            .iter()
            .map(|logit| f64::from(*logit).exp())
            .sum::<f64>()
            .ln();
        let expected = |token: u32| f64::from(row[token as usize]) - total;
        assert!((f64::from(found.logprob) - expected(found.token)).abs() < 1e-3);
        let mut ids: Vec<u32> = (0..logits.vocabulary_size).collect();
        ids.sort_by(|&a, &b| row[b as usize].total_cmp(&row[a as usize]));
        let top: Vec<u32> = found.top.iter().map(|one| one.token).collect();
        assert_eq!(top, ids[..4]);
        for one in &found.top {
            assert!((f64::from(one.logprob) - expected(one.token)).abs() < 1e-3);
        }
    }
}

#[test]
fn no_log_probabilities_come_unless_they_were_asked_for() {
    let model = load(TinyModel::of("llama-float32").path());
    assert!(generate(&model, "abc", |_| ()).logprobs.is_empty());
    let own = generate(&model, "abc", |p| p.top_logprobs = Some(0)).logprobs;
    assert!(own.len() == 24 && own.iter().all(|one| one.top.is_empty()));
}

#[test]
fn asking_for_log_probabilities_changes_no_token() {
    let model = load(&storyteller());
    let draw = |count| {
        generate(&model, PROMPT, |p| {
            (p.temperature, p.top_logprobs) = (1.0, count);
        })
        .tokens
    };
    assert_eq!(draw(None), draw(Some(20)));
}

#[test]
fn an_answer_has_the_fewest_tokens_asked_for() {
    let tiny = TinyModel::of("llama-float32");
    // Every second token ends an answer, so that one comes at once.
    let ends: Vec<u32> = (0..96).step_by(2).collect();
    tiny.configure("eos_token_id", json!(ends));
    let model = load(tiny.path());
    let length = |min_tokens| {
        let summary = generate(&model, "abc", |p| {
            (p.temperature, p.seed, p.min_tokens) = (1.0, Some(3), min_tokens);
        });
        let (last, before) = summary.tokens.split_last().unwrap();
        assert!(before.iter().all(|token| !ends.contains(token)));
        (summary.tokens.len(), ends.contains(last))
    };
    assert!(length(0).0 < 10);
    for min_tokens in [10, 23] {
        let (length, has_ended) = length(min_tokens);
        assert!(length > min_tokens as usize || !has_ended, "{length}");
    }
}

#[test]
fn a_bias_decides_what_is_written() {
    let model = load(TinyModel::of("llama-float32").path());
    let only = generate(&model, "abc", |p| {
        p.logit_bias = BTreeMap::from([(40, 100.0)])
    });
    assert!(only.tokens.iter().all(|&token| token == 40));
    let beyond = parameters(|p| p.logit_bias = BTreeMap::from([(96, 1.0)]));
    let error = model.generate(&text("abc"), &beyond).unwrap_err();
    assert!(
        matches!(error, EngineError::BiasOutOfVocabulary { id: 96, .. }),
        "{error}"
    );
}
