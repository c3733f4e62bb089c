//! The governor at work on real generations. Limits and signals are the process's own, so this is one
//! test in a program of its own.

mod support;

use headroom_engine::{
    EngineError, Event, GenerateParameters, GenerationSummary, Governing, Model, StopReason,
    memory_state, set_max_memory, set_memory_signal,
};
use headroom_memory::{Action, MaxMemory, Pressure};
use support::random_model::{RandomModel, Weights};
use support::tiny_model::storyteller;
use support::{generate, load, parameters, start};

const PROMPT: &str = "Once upon a time there was a fox who lived in a den under the old oak tree. ";

fn used_bytes() -> u64 {
    memory_state().unwrap().used_bytes.unwrap()
}

fn limit_to(bytes: u64) {
    set_max_memory(Some(MaxMemory::from_bytes(bytes).unwrap())).unwrap();
}

fn actions(summary: &GenerationSummary) -> Vec<Action> {
    let reports = summary.actions.iter();
    reports.map(|report| report.decision.action).collect()
}

#[test]
fn memory_that_gets_tight_is_answered() {
    let model = load(&storyteller());
    let unhurried = generate(&model, &PROMPT.repeat(20), |p| p.max_tokens = 40);
    assert_eq!(unhurried.actions, []);

    a_warning_makes_it_give_up_precision_and_go_on(&model);
    a_limit_that_is_reached_ends_it_with_the_text_so_far(&model);
    a_limit_makes_chunks_smaller(&model);
    without_the_governor_nothing_is_done(&model);
    an_idle_model_is_unloaded_for_one_at_work(&model);
    a_model_without_room_is_refused();
}

fn a_warning_makes_it_give_up_precision_and_go_on(model: &Model) {
    set_memory_signal(Some(Pressure::Critical));
    let mut told = Vec::new();
    let mut summary = None;
    // However soon the story is over.
    let two_hundred = |p: &mut GenerateParameters| (p.min_tokens, p.max_tokens) = (200, 200);
    let parameters = parameters(two_hundred);
    for event in start(model, &PROMPT.repeat(20), &parameters) {
        match event.unwrap() {
            Event::Action(report) => told.push(report),
            Event::End(end) => summary = Some(end),
            _ => {}
        }
    }
    set_memory_signal(None);
    let summary = summary.unwrap();
    assert_eq!(told, summary.actions);
    let taken = actions(&summary);
    assert!(
        taken
            .iter()
            .any(|action| matches!(action, Action::QuantizeKv(_))),
        "{taken:?}"
    );
    assert_eq!(summary.stop_reason, StopReason::Length);
    let full = generate(model, &PROMPT.repeat(20), two_hundred);
    assert!(summary.kv_cache_bytes * 3 < full.kv_cache_bytes);
}

/// The limit falls while text comes, to less than what the next step may take.
fn a_limit_that_is_reached_ends_it_with_the_text_so_far(model: &Model) {
    let parameters = parameters(|p| (p.max_tokens, p.temperature) = (900, 0.9));
    let mut text = String::new();
    for event in start(model, PROMPT, &parameters) {
        match event.unwrap() {
            Event::Text(piece) => {
                text.push_str(&piece);
                limit_to(used_bytes() + (1 << 20));
            }
            Event::End(summary) => {
                assert_eq!(summary.stop_reason, StopReason::Memory);
                assert_eq!(summary.text, text);
                assert!(!text.is_empty() && summary.generated_tokens < 900);
                assert_eq!(actions(&summary).last(), Some(&Action::Stop));
            }
            _ => {}
        }
    }
    set_max_memory(None).unwrap();
}

fn a_limit_makes_chunks_smaller(model: &Model) {
    limit_to(used_bytes() + (40 << 20));
    let prompt = PROMPT.repeat(40);
    let limited = generate(model, &prompt, |p| p.max_tokens = 8);
    set_max_memory(None).unwrap();
    let taken = actions(&limited);
    let smaller = taken
        .iter()
        .any(|action| matches!(action, Action::ReducePrefillStep { .. }));
    assert!(smaller, "{taken:?}");
    assert_eq!(limited.stop_reason, StopReason::Length);
    let free = generate(model, &prompt, |p| p.max_tokens = 8);
    assert_eq!(free.actions, []);
    assert_eq!(limited.prompt_tokens, free.prompt_tokens);
}

fn without_the_governor_nothing_is_done(model: &Model) {
    limit_to(used_bytes() + (1 << 20));
    let summary = generate(model, PROMPT, |p| p.governing = Governing::Off);
    set_max_memory(None).unwrap();
    assert_eq!(summary.actions, []);
    assert_eq!(summary.stop_reason, StopReason::Length);
}

fn an_idle_model_is_unloaded_for_one_at_work(model: &Model) {
    let idle = load(&storyteller());
    set_memory_signal(Some(Pressure::Critical));
    let summary = generate(model, PROMPT, |p| p.max_tokens = 300);
    set_memory_signal(None);
    assert!(actions(&summary).contains(&Action::UnloadIdleModels));
    let refused = start(&idle, PROMPT, &parameters(|_| ())).finish();
    assert!(matches!(refused, Err(EngineError::Unloaded)));
    assert!(generate(model, PROMPT, |_| ()).generated_tokens > 0);
}

fn a_model_without_room_is_refused() {
    let large = RandomModel {
        family: "llama",
        hidden_size: 512,
        layers: 4,
        intermediate_size: 1024,
        heads: 8,
        key_value_heads: 8,
        head_dim: 64,
        vocabulary_size: 8192,
        weights: Weights::Bfloat16,
    };
    let directory = large.write();
    limit_to(used_bytes() + (16 << 20));
    let refused = support::load_error(directory.path());
    set_max_memory(None).unwrap();
    let sentence = refused.to_string();
    assert!(
        matches!(refused, EngineError::DoesNotFit { .. }),
        "{sentence}"
    );
    assert!(sentence.contains("at least, but only"), "{sentence}");
    load(directory.path());
}
