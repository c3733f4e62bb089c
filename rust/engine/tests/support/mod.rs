//! What the engine's tests share.

#![allow(dead_code, reason = "each test program uses its own part")]

pub(crate) mod random_model;
pub(crate) mod tiny_model;

use std::ops::ControlFlow;
use std::path::Path;

use headroom_engine::{
    EngineError, Event, GenerateParameters, Generation, GenerationSummary, Model, Prompt,
};

pub(crate) fn load(directory: &Path) -> Model {
    Model::load(directory, |_| ControlFlow::Continue(())).unwrap()
}

pub(crate) fn load_error(directory: &Path) -> EngineError {
    match Model::load(directory, |_| ControlFlow::Continue(())) {
        Ok(_) => panic!("{} was loaded", directory.display()),
        Err(error) => error,
    }
}

/// Greedy and short, with a fixed seed, unless `change` says otherwise.
pub(crate) fn parameters(change: impl FnOnce(&mut GenerateParameters)) -> GenerateParameters {
    let mut parameters = GenerateParameters {
        max_tokens: 24,
        seed: Some(1),
        ..GenerateParameters::default()
    };
    change(&mut parameters);
    parameters
}

pub(crate) fn start(model: &Model, prompt: &str, parameters: &GenerateParameters) -> Generation {
    model.generate(&text(prompt), parameters).unwrap()
}

/// The summary of a whole generation from plain text.
pub(crate) fn generate(
    model: &Model,
    prompt: &str,
    change: impl FnOnce(&mut GenerateParameters),
) -> GenerationSummary {
    start(model, prompt, &parameters(change)).finish().unwrap()
}

pub(crate) fn text(prompt: &str) -> Prompt {
    Prompt::Text(prompt.to_owned())
}

/// The text of all events, and the summary that came last.
pub(crate) fn joined(
    events: impl Iterator<Item = Result<Event, EngineError>>,
) -> (String, GenerationSummary) {
    let mut text = String::new();
    for event in events {
        match event.unwrap() {
            Event::Prefill { .. } | Event::Memory(_) | Event::Action(_) => {}
            Event::Text(piece) => text.push_str(&piece),
            Event::End(summary) => return (text, summary),
        }
    }
    panic!("no summary came");
}
