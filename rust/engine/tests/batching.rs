//! Generations that run at the same time decode together, and none of them notices.

mod support;

use headroom_engine::{Event, GenerateParameters, Generation, GenerationSummary, Model};
use support::tiny_model::storyteller;
use support::{load, parameters, start};

const PROMPTS: [&str; 4] = [
    "Once upon a time there was a fox",
    "The moon",
    "A little bird sat on a tree and it was very cold, so",
    "Tom had a red ball. He",
];

fn drawn(seed: u64) -> GenerateParameters {
    parameters(|p| {
        p.max_tokens = 40;
        p.temperature = 0.8;
        p.top_p = 0.9;
        p.seed = Some(seed);
    })
}

fn all(generations: Vec<Generation>) -> Vec<GenerationSummary> {
    let ends = generations.into_iter().map(Generation::finish);
    ends.collect::<Result<_, _>>().unwrap()
}

fn together(model: &Model, parameters: impl Fn(u64) -> GenerateParameters) -> Vec<Vec<u32>> {
    let generations = PROMPTS.iter().zip(0..);
    let started = generations.map(|(prompt, seed)| start(model, prompt, &parameters(seed)));
    let ends = all(started.collect());
    ends.into_iter().map(|end| end.tokens).collect()
}

fn alone(model: &Model, parameters: impl Fn(u64) -> GenerateParameters) -> Vec<Vec<u32>> {
    let generations = PROMPTS.iter().zip(0..);
    generations
        .map(|(prompt, seed)| {
            let generation = start(model, prompt, &parameters(seed));
            generation.finish().unwrap().tokens
        })
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_tokens_batched_or_not() {
    let model = load(&storyteller());
    assert_eq!(together(&model, drawn), alone(&model, drawn));
    let greedy = |_| parameters(|p| p.max_tokens = 40);
    assert_eq!(together(&model, greedy), alone(&model, greedy));
}

#[test]
fn each_ends_when_it_ends() {
    let model = load(&storyteller());
    let lengths = [1, 3, 30, 7];
    let generations = PROMPTS.iter().zip(lengths);
    let started = generations.map(|(prompt, length)| {
        let exactly = parameters(|p| (p.min_tokens, p.max_tokens) = (length, length));
        start(&model, prompt, &exactly)
    });
    let ends = all(started.collect());
    let generated: Vec<_> = ends.iter().map(|end| end.generated_tokens as u32).collect();
    assert_eq!(generated, lengths);
}

#[test]
fn a_cancelled_or_paused_one_does_not_hold_up_the_others() {
    let model = load(&storyteller());
    let long = parameters(|p| p.max_tokens = 60);
    let expected = alone(&model, |_| long.clone());
    let mut first = start(&model, PROMPTS[0], &long);
    let second = start(&model, PROMPTS[1], &long);
    let third = start(&model, PROMPTS[2], &long);
    let has_text = |event: &Result<Event, _>| matches!(event, Ok(Event::Text(_)));
    assert!(first.by_ref().any(|event| has_text(&event)));
    let pauser = first.pauser();
    pauser.pause(
        headroom_engine::Spill::ToDisk,
        std::time::Duration::from_secs(20),
    );
    third.canceller().cancel();
    assert_eq!(second.finish().unwrap().tokens, expected[1]);
    pauser.resume();
    assert_eq!(first.finish().unwrap().tokens, expected[0]);
}
