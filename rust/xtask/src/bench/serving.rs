//! What a kept cache saves of a turn, and what decoding together brings.

use std::path::Path;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::median::median;
use super::preparation;
use super::target::{Judged, Target};
use crate::process::{announce, run_quietly};
use crate::workspace::Workspace;

/// Of the time that the whole prompt takes to its first token.
const TURN_TARGET: Target = Target::AtMost(0.1);
/// Of one prompt's tokens per second.
const BATCH_TARGET: Target = Target::AtLeast(3.0);
const PROMPTS: &str = "8";
/// The benchmark's own random models.
const MODELS: [&str; 2] = ["qwen3-108m-4bit", "qwen3-108m-bfloat16"];

/// One turn, with what was seen kept and computed whole.
#[derive(Debug, Serialize, Deserialize)]
struct Turn {
    turn: u32,
    prompt_tokens: u32,
    cached_prompt_tokens: u32,
    kept_seconds: f64,
    whole_seconds: f64,
}

#[derive(Debug, Deserialize)]
struct Turns {
    turns: Vec<Turn>,
}

/// One prompt alone, then all together.
#[derive(Debug, Serialize, Deserialize)]
struct Round {
    alone: f64,
    together: f64,
}

#[derive(Debug, Deserialize)]
struct Rounds {
    tokens_per_second: Vec<Round>,
}

/// Measures a conversation's last turns, prints and returns what was measured.
pub(crate) fn measure_turns(workspace: &Workspace) -> Result<Value> {
    preparation::ensure_models(workspace)?;
    announce("Measuring the last of twenty turns");
    let Turns { turns } = ask(workspace, &["turns"], MODELS[0])?;
    let shares = turns
        .iter()
        .map(|turn| turn.kept_seconds / turn.whole_seconds);
    let judged = Judged::new(median(shares), TURN_TARGET);
    println!("\nTime to the first token of a turn, random Qwen3 of 108M parameters at 4 bits");
    for turn in &turns {
        println!(
            "turn {}: {} tokens, {} of them kept: {:.3} s; computed whole: {:.3} s",
            turn.turn,
            turn.prompt_tokens,
            turn.cached_prompt_tokens,
            turn.kept_seconds,
            turn.whole_seconds
        );
    }
    print_judged("share of the whole", &judged);
    Ok(json!({ "share": judged, "turns": turns }))
}

/// Measures prompts that decode together, prints and returns what was measured.
pub(crate) fn measure_batch(workspace: &Workspace) -> Result<Value> {
    preparation::ensure_models(workspace)?;
    println!("\nTokens per second of {PROMPTS} prompts together, by those of one alone");
    let mut measured = Vec::new();
    for model in MODELS {
        announce(&format!("Measuring {PROMPTS} prompts at once, {model}"));
        let rounds: Rounds = ask(workspace, &["batch", PROMPTS], model)?;
        let rounds = rounds.tokens_per_second;
        let ratios = rounds.iter().map(|round| round.together / round.alone);
        let judged = Judged::new(median(ratios), BATCH_TARGET);
        print_judged(model, &judged);
        measured.push(json!({ "model": model, "ratio": judged, "rounds": rounds }));
    }
    println!();
    Ok(json!(measured))
}

/// Runs the engine's own program: its first argument is what to measure, the model comes behind it.
fn ask<T: DeserializeOwned>(workspace: &Workspace, question: &[&str], model: &str) -> Result<T> {
    let directory = preparation::models_directory(workspace).join(model);
    let (what, rest) = question.split_first().context("nothing to measure")?;
    let answer = run_quietly(
        preparation::cargo(workspace)
            .args(["run", "--quiet", "--release", "--locked"])
            .args(["--package", "headroom-engine", "--example", "serving_speed"])
            .args(["--", what])
            .arg::<&Path>(&directory)
            .args(rest),
    )?;
    serde_json::from_str(answer.trim())
        .with_context(|| format!("serving_speed answered in another form: {answer}"))
}

fn print_judged(name: &str, judged: &Judged) {
    let value = judged
        .value
        .map_or_else(|| "unknown".to_owned(), |value| format!("{value:.3}"));
    println!("{name:24}{value:>12}  {}", judged.verdict());
}
