//! Which tokens a generation gives, and in which order it tells of them.

mod support;

use headroom_engine::{EngineError, Event, LogitsRequest, Model, StopReason};
use serde_json::json;
use support::tiny_model::{TinyModel, storyteller};
use support::{generate, joined, load, parameters, start, text};
use tokenizers::Tokenizer;

const PROMPT: &str = "Once upon a time there was a fox who";

#[test]
fn the_same_seed_gives_the_same_tokens_and_another_seed_others() {
    let model = load(&storyteller());
    let draw = |seed| {
        let summary = generate(&model, PROMPT, |p| {
            (p.temperature, p.top_p, p.seed) = (1.0, 0.95, Some(seed));
        });
        summary.tokens
    };
    assert_eq!(draw(7), draw(7));
    assert!((8..12).any(|seed| draw(seed) != draw(7)));
}

#[test]
fn without_a_seed_draws_differ() {
    let model = load(&storyteller());
    let draws: Vec<_> = (0..4)
        .map(|_| generate(&model, PROMPT, |p| (p.temperature, p.seed) = (1.5, None)).tokens)
        .collect();
    assert!(draws.iter().any(|draw| *draw != draws[0]));
}

/// Checks the pipeline, look-ahead included, against logits that come one token at a time.
fn assert_greedy_takes_the_likeliest(directory: &std::path::Path) {
    let summary = generate(&load(directory), PROMPT, |p| p.max_tokens = 40);
    let tokenizer = Tokenizer::from_file(directory.join("tokenizer.json")).unwrap();
    let prompt = tokenizer.encode(PROMPT, true).unwrap();
    let tokens: Vec<u32> = [prompt.get_ids(), &summary.tokens].concat();
    let request = LogitsRequest {
        chunk: Some(1),
        ..LogitsRequest::new(directory.to_owned(), tokens.clone())
    };
    let logits = request.run().unwrap();
    let rows: Vec<&[f32]> = logits
        .values
        .chunks(logits.vocabulary_size as usize)
        .collect();
    assert_eq!(rows.len(), tokens.len());
    for position in prompt.len()..tokens.len() {
        let row = rows[position - 1];
        let likeliest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let largest = row
            .iter()
            .fold(0.0, |most: f32, logit| most.max(logit.abs()));
        let taken = row[tokens[position] as usize];
        assert!(
            taken >= likeliest - 1e-3 * largest,
            "position {position}: {taken} was taken, {likeliest} is there"
        );
    }
}

#[test]
fn greedy_takes_the_likeliest_token_each_time() {
    assert_greedy_takes_the_likeliest(&storyteller());
    for case in [
        "llama-float32",
        "llama-bfloat16-tied",
        "qwen3-4-bit-group-64-tied",
    ] {
        assert_greedy_takes_the_likeliest(TinyModel::of(case).path());
    }
}

#[test]
fn how_the_prompt_is_cut_changes_nothing() {
    for case in ["llama-float32", "qwen3-float32-tied"] {
        let tiny = TinyModel::of(case);
        let model = load(tiny.path());
        let with_step = |step| generate(&model, PROMPT, |p| p.prefill_step = step).tokens;
        let whole = with_step(512);
        assert_eq!(whole.len(), 24);
        for step in [1, 7, PROMPT.len() as u32 - 1, PROMPT.len() as u32, u32::MAX] {
            assert_eq!(with_step(step), whole, "{case}, step {step}");
        }
    }
}

#[test]
fn generations_at_once_give_what_they_give_one_after_the_other() {
    let model = load(&storyteller());
    let tiny = TinyModel::of("qwen3-4-bit-group-64-tied");
    let other = load(tiny.path());
    let drawing = |seed| parameters(|p| (p.temperature, p.seed) = (0.9, Some(seed)));
    let begin = |model: &Model, seed| start(model, PROMPT, &drawing(seed));
    let tokens = |generation: headroom_engine::Generation| generation.finish().unwrap().tokens;
    let alone = [
        tokens(begin(&model, 1)),
        tokens(begin(&other, 2)),
        tokens(begin(&model, 3)),
    ];
    let together = [begin(&model, 1), begin(&other, 2), begin(&model, 3)].map(tokens);
    assert_eq!(alone, together);
}

#[test]
fn events_come_in_order_and_add_up() {
    let tiny = TinyModel::of("llama-float32");
    let model = load(tiny.path());
    let mut generation = start(&model, "abcdefg", &parameters(|p| p.prefill_step = 3));
    for done in [3, 6, 7] {
        let expected = Event::Prefill {
            done_tokens: done,
            total_tokens: 7,
        };
        assert_eq!(generation.next().unwrap().unwrap(), expected);
    }
    let (text, summary) = joined(generation.by_ref());
    assert!(generation.next().is_none(), "something came after the end");
    assert_eq!(text, summary.text);
    assert_eq!(summary.prompt_tokens, 7);
    assert_eq!(summary.cached_prompt_tokens, 0);
    assert_eq!(summary.generated_tokens, summary.tokens.len());
    assert!(summary.time_to_first_token_seconds.unwrap() > 0.0);
    assert!(summary.prompt_tokens_per_second.unwrap() > 0.0);
    assert!(summary.generation_tokens_per_second.unwrap() > 0.0);
    assert!(summary.load_seconds > 0.0);
    assert!(summary.kv_cache_bytes > 0);
    assert!(summary.peak_mlx_bytes >= summary.kv_cache_bytes);
}

#[test]
fn the_token_limit_is_kept_exactly() {
    let tiny = TinyModel::of("llama-float32");
    let model = load(tiny.path());
    for max_tokens in [1, 2, 30] {
        let summary = generate(&model, "abc", |p| p.max_tokens = max_tokens);
        assert_eq!(summary.tokens.len(), max_tokens as usize);
        assert_eq!(summary.stop_reason, StopReason::Length);
        assert_eq!(
            summary.generation_tokens_per_second.is_some(),
            max_tokens > 1
        );
    }
}

#[test]
fn an_answer_ends_where_the_context_does() {
    let tiny = TinyModel::of("llama-float32");
    tiny.configure("max_position_embeddings", json!(20));
    let model = load(tiny.path());
    for (prompt_tokens, room) in [(12, 8), (19, 1)] {
        let summary = generate(&model, &"a".repeat(prompt_tokens), |p| p.max_tokens = 500);
        assert_eq!(summary.tokens.len(), room);
        assert_eq!(summary.stop_reason, StopReason::Length);
    }
    for prompt_tokens in [20, 21, 500] {
        let refused = model.generate(&text(&"a".repeat(prompt_tokens)), &parameters(|_| ()));
        let error = refused.unwrap_err();
        assert!(
            matches!(error, EngineError::PromptTooLong { .. }),
            "{error}"
        );
        assert!(error.is_wrong_use());
    }
}

#[test]
fn a_generation_outlives_the_last_handle_to_its_model() {
    let tiny = TinyModel::of("llama-float32");
    let expected = generate(&load(tiny.path()), "abc", |_| ()).tokens;
    let model = load(tiny.path());
    let generation = start(&model, "abc", &parameters(|_| ()));
    drop(model);
    assert_eq!(generation.finish().unwrap().tokens, expected);
}
