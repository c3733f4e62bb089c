//! What a model and its generations take from MLX's allocator comes back. MLX counts for the whole
//! process, so this is one test in a program of its own.

mod support;

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use headroom_engine::{ChatSession, LogitsRequest, Model, drop_idle_prompt_caches, memory_state};
use support::tiny_model::storyteller;
use support::{generate, joined, load, parameters, start};

fn active_bytes() -> u64 {
    memory_state().unwrap().mlx.unwrap().active_bytes
}

/// Weights are unloaded on MLX's thread, some time after the host lets go of them.
#[track_caller]
fn assert_settles_at(expected_bytes: u64) {
    let started = Instant::now();
    while active_bytes() != expected_bytes {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "{} bytes are active instead of {expected_bytes}",
            active_bytes()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn everything_taken_is_given_back() {
    let at_start = active_bytes();
    let model = load(&storyteller());
    // The first generation computes a few kilobytes that belong to the model from then on.
    generate(&model, "Once upon a time", |_| ());
    let loaded = active_bytes();
    assert!(loaded > at_start + 1_000_000, "{loaded} after {at_start}");

    generations_leave_nothing(&model, loaded);
    sessions_leave_nothing(&model, loaded);
    drop(model);
    assert_settles_at(at_start);

    logits_leave_nothing(at_start);
    a_panicking_host_leaves_nothing(at_start);
}

fn generations_leave_nothing(model: &Model, loaded: u64) {
    for number in 0..50 {
        let summary = generate(model, "Once upon a time", |p| {
            (p.max_tokens, p.temperature, p.repetition_penalty) = (6, 0.8, 1.1);
            p.seed = Some(number);
        });
        assert!(summary.kv_cache_bytes > 0);
        assert_settles_at(loaded);
    }
    for _ in 0..5 {
        let mut cancelled = start(model, "Once upon a time", &parameters(|_| ()));
        cancelled.next().unwrap().unwrap();
    }
    assert_settles_at(loaded);
}

/// A conversation that begins anew does not take more than the one before it; what it keeps goes with
/// the other idle caches.
fn sessions_leave_nothing(model: &Model, loaded: u64) {
    let session = ChatSession::new(model.clone(), None, parameters(|p| p.max_tokens = 6));
    let converse = || {
        for _ in 0..3 {
            joined(session.respond("Tell me a story about a fox.").unwrap());
        }
        session.reset();
        active_bytes()
    };
    let kept = converse();
    assert!(kept > loaded);
    for _ in 0..40 {
        assert_eq!(converse(), kept);
    }
    drop(session);
    drop_idle_prompt_caches().unwrap();
    assert_settles_at(loaded);
}

fn logits_leave_nothing(at_start: u64) {
    let request = LogitsRequest::new(storyteller(), vec![5, 6, 7]);
    request.run().unwrap();
    assert_settles_at(at_start);
}

fn a_panicking_host_leaves_nothing(at_start: u64) {
    let load = || {
        Model::load(&storyteller(), |_| -> ControlFlow<()> {
            panic!("on purpose")
        })
    };
    assert!(catch_unwind(AssertUnwindSafe(load)).is_err());
    assert_settles_at(at_start);
}
