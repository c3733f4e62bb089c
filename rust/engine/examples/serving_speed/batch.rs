//! Several prompts at once and one alone, in turn.

use std::error::Error;
use std::time::Instant;

use headroom_engine::{GenerateParameters, Generation, Model, Prompt};
use serde_json::json;

use crate::{Measured, words};

/// Odd, so that a median is a measurement.
const ROUNDS: usize = 3;
const WORDS_OF_A_PROMPT: usize = 12;
const NEW_TOKENS: u32 = 64;

pub(crate) fn measure(model: &Model, count: usize) -> Measured {
    // The first products of a process are slower.
    tokens_per_second(model, 1)?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let alone = tokens_per_second(model, 1)?;
        let together = tokens_per_second(model, count)?;
        rounds.push(json!({ "alone": alone, "together": together }));
    }
    Ok(json!({ "prompts": count, "tokens_per_second": rounds }))
}

/// New tokens of all prompts, by the time from the request to the last of them.
fn tokens_per_second(model: &Model, prompts: usize) -> Result<f64, Box<dyn Error>> {
    let parameters = GenerateParameters {
        max_tokens: NEW_TOKENS,
        min_tokens: NEW_TOKENS,
        ..GenerateParameters::default()
    };
    let started = Instant::now();
    let start = |seed| model.generate(&Prompt::Text(words(seed, WORDS_OF_A_PROMPT)), &parameters);
    let running: Vec<Generation> = (0..prompts).map(start).collect::<Result<_, _>>()?;
    let mut tokens = 0;
    for generation in running {
        tokens += generation.finish()?.generated_tokens;
    }
    Ok(tokens as f64 / started.elapsed().as_secs_f64())
}
