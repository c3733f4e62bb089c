//! Twenty turns up to some four thousand tokens: the time to the first token of the last turns, where
//! the session keeps what the model has seen, beside the same prompt computed whole.

use std::error::Error;

use headroom_engine::{
    ChatMessage, ChatSession, EngineError, Event, GenerateParameters, GenerationSummary, Model,
    Prompt, Role,
};
use serde_json::{Value, json};

use crate::{Measured, words};

const TURNS: usize = 20;
/// The last turns, whose prompts are computed whole as well.
const COMPARED: usize = 3;
const WORDS_OF_A_QUESTION: usize = 88;
const ANSWER_TOKENS: u32 = 8;

pub(crate) fn measure(model: &Model) -> Measured {
    let session = ChatSession::new(model.clone(), None, parameters());
    let mut turns = Vec::new();
    for turn in 0..TURNS {
        let question = words(turn, WORDS_OF_A_QUESTION);
        let asked = asked(&session, &question);
        let kept = last(session.respond(&question)?)?;
        if turn + COMPARED >= TURNS {
            let whole = model
                .generate(&Prompt::Chat(asked), &parameters())?
                .finish()?;
            turns.push(compared(turn + 1, &kept, &whole));
        }
    }
    Ok(json!({ "turns": turns }))
}

fn compared(turn: usize, kept: &GenerationSummary, whole: &GenerationSummary) -> Value {
    json!({
        "turn": turn,
        "prompt_tokens": kept.prompt_tokens,
        "cached_prompt_tokens": kept.cached_prompt_tokens,
        "kept_seconds": kept.time_to_first_token_seconds,
        "whole_seconds": whole.time_to_first_token_seconds,
    })
}

fn parameters() -> GenerateParameters {
    GenerateParameters {
        max_tokens: ANSWER_TOKENS,
        min_tokens: ANSWER_TOKENS,
        ..GenerateParameters::default()
    }
}

fn asked(session: &ChatSession, question: &str) -> Vec<ChatMessage> {
    let mut messages = session.messages();
    messages.push(ChatMessage {
        role: Role::User,
        content: question.to_owned(),
    });
    messages
}

fn last(
    events: impl Iterator<Item = Result<Event, EngineError>>,
) -> Result<GenerationSummary, Box<dyn Error>> {
    for event in events {
        if let Event::End(summary) = event? {
            return Ok(summary);
        }
    }
    Err("a generation ended without a summary".into())
}
