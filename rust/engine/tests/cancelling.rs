//! Work ends when nobody wants it any more.

mod support;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use headroom_engine::{EngineError, Event, Model, StopReason};
use serde_json::json;
use support::tiny_model::{TinyModel, storyteller};
use support::{generate, joined, load, parameters, start};

/// A model whose answers take minutes unless something ends them.
fn endless() -> (TinyModel, Model) {
    let tiny = TinyModel::of("llama-float32");
    tiny.configure("max_position_embeddings", json!(1_000_000));
    let model = load(tiny.path());
    (tiny, model)
}

#[test]
fn before_the_start_and_during_prefill_no_token_comes() {
    let (_files, model) = endless();
    let one_by_one = parameters(|p| (p.prefill_step, p.max_tokens) = (1, 500_000));
    let prompt = "a".repeat(2000);
    for prefilled in [0, 1, 5] {
        let mut generation = start(&model, &prompt, &one_by_one);
        assert_eq!(generation.by_ref().take(prefilled).count(), prefilled);
        generation.canceller().cancel();
        let (text, summary) = joined(generation);
        assert_eq!(summary.stop_reason, StopReason::Cancelled);
        assert_eq!(
            (text.as_str(), summary.tokens.as_slice()),
            ("", [].as_slice())
        );
        assert_eq!(summary.time_to_first_token_seconds, None);
        assert_eq!(summary.prompt_tokens_per_second, None);
    }
}

#[test]
fn during_decode_the_text_so_far_is_kept() {
    let (_files, model) = endless();
    let mut generation = start(&model, "abc", &parameters(|p| p.max_tokens = 500_000));
    let mut before = String::new();
    while before.len() < 5 {
        if let Event::Text(piece) = generation.next().unwrap().unwrap() {
            before.push_str(&piece);
        }
    }
    generation.canceller().cancel();
    let (after, summary) = joined(generation);
    assert_eq!(summary.stop_reason, StopReason::Cancelled);
    assert_eq!(summary.text, before + &after);
    assert!(summary.tokens.len() < 500_000);
}

#[test]
fn cancelling_one_generation_leaves_another_alone() {
    let (_files, model) = endless();
    let expected = generate(&model, "xyz", |_| ()).tokens;
    let cancelled = start(&model, "abc", &parameters(|p| p.max_tokens = 500_000));
    let kept = start(&model, "xyz", &parameters(|_| ()));
    cancelled.canceller().cancel();
    assert_eq!(kept.finish().unwrap().tokens, expected);
    assert_eq!(
        cancelled.finish().unwrap().stop_reason,
        StopReason::Cancelled
    );
}

#[test]
fn dropping_generations_ends_their_work() {
    let (_files, model) = endless();
    for _ in 0..20 {
        let mut dropped = start(&model, "abc", &parameters(|p| p.max_tokens = 500_000));
        dropped.next().unwrap().unwrap();
    }
    let started = Instant::now();
    assert_eq!(generate(&model, "abc", |_| ()).tokens.len(), 24);
    assert!(started.elapsed() < Duration::from_secs(20), "they go on");
}

#[test]
fn cancelling_after_the_end_does_nothing() {
    let tiny = TinyModel::of("llama-float32");
    let model = load(tiny.path());
    let mut generation = start(&model, "abc", &parameters(|p| p.max_tokens = 1));
    let canceller = generation.canceller();
    let (_, summary) = joined(generation.by_ref());
    canceller.cancel();
    assert_eq!(summary.stop_reason, StopReason::Length);
    assert!(generation.next().is_none());
}

#[test]
fn loading_stops_when_its_host_says_so() {
    let mut heard = 0;
    let stopped = Model::load(&storyteller(), |_| {
        heard += 1;
        ControlFlow::Break(())
    });
    let error = stopped.err().expect("it was loaded all the same");
    assert!(
        matches!(
            &error,
            EngineError::Model(headroom_models::ModelError::Cancelled)
        ),
        "{error}"
    );
    assert!(heard > 0);
}
