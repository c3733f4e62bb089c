//! The templates of known families, written in Rust: what a published template does is known by the
//! hash of its text, and then nothing foreign is run at all.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::clock::strftime_now;
use super::{ChatMessage, Role};

/// A known template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NativeTemplate {
    /// ChatML, as fine-tunes without a template of their own write it.
    ChatMl,
    /// Gemma 3.
    Gemma3,
    /// Gemma 3n, which differs from Gemma 3 in what is not text.
    Gemma3n,
    /// Llama 3 Instruct.
    Llama3,
    /// Llama 3.2 Instruct.
    Llama32,
    /// Phi-3.5 mini Instruct.
    Phi35,
    /// Qwen3 before the models that think or answer only.
    Qwen3,
}

/// SHA-256 of the texts, as the models' `tokenizer_config.json` or `chat_template.jinja` holds them.
const KNOWN: &[(&str, NativeTemplate)] = &[
    (
        "fcf7a096fe99a48fd9ad2b250bf9237e96e8f48bffec1c7ea4d3f225176cd40e",
        NativeTemplate::ChatMl,
    ),
    (
        "7de1c58e208eda46e9c7f86397df37ec49883aeece39fb961e0a6b24088dd3c4",
        NativeTemplate::Gemma3,
    ),
    (
        "ac03dcb3b09726f1e50ac55ae58fc8d5930eadc3b3a12cb04286dc1d82ac8001",
        NativeTemplate::Gemma3n,
    ),
    (
        "ba03a121d097859c7b5b9cd03af99aafe95275210d2876f642ad9929a150f122",
        NativeTemplate::Llama3,
    ),
    (
        "5816fce10444e03c2e9ee1ef8a4a1ea61ae7e69e438613f3b17b69d0426223a4",
        NativeTemplate::Llama32,
    ),
    (
        "78d976a442bcde2f0be15aafbb8e3050e1104f86732266f68403251b89982a90",
        NativeTemplate::Phi35,
    ),
    (
        "87a2728cb8dc9fe424d624542f6060ec05a1d285ebbec578bb078900e33396b5",
        NativeTemplate::Qwen3,
    ),
];

impl NativeTemplate {
    /// The template with exactly this text, if it is known.
    pub(super) fn of(source: &str) -> Option<Self> {
        let mut digest = String::new();
        for byte in Sha256::digest(source.as_bytes()) {
            // Writing to a string cannot fail.
            let _ = write!(digest, "{byte:02x}");
        }
        let known = KNOWN.iter().find(|(hash, _)| *hash == digest);
        known.map(|(_, template)| *template)
    }

    /// The conversation as text; `None` where the template would refuse it, which it says itself best.
    pub(super) fn render(self, messages: &[ChatMessage], begin_text: &str) -> Option<String> {
        match self {
            Self::ChatMl => Some(chatml(messages)),
            Self::Gemma3 | Self::Gemma3n => gemma3(messages, begin_text),
            Self::Llama3 => Some(llama3(messages, begin_text)),
            Self::Llama32 => llama32(messages, begin_text),
            Self::Phi35 => Some(phi35(messages)),
            Self::Qwen3 => qwen3(messages),
        }
    }
}

fn chatml(messages: &[ChatMessage]) -> String {
    let turns = messages
        .iter()
        .map(|message| chatml_turn(message.role, &message.content));
    turns.collect::<String>() + "<|im_start|>assistant\n"
}

fn chatml_turn(role: Role, content: &str) -> String {
    format!("<|im_start|>{}\n{content}<|im_end|>\n", role.as_str())
}

/// Instructions go before what the person says first; then both take turns.
fn gemma3(messages: &[ChatMessage], begin_text: &str) -> Option<String> {
    let (instructions, turns) = match messages.split_first()? {
        (first, rest) if first.role == Role::System => (format!("{}\n\n", first.content), rest),
        _ => (String::new(), messages),
    };
    let mut text = begin_text.to_owned();
    for (number, message) in turns.iter().enumerate() {
        let is_users = number % 2 == 0;
        if (message.role == Role::User) != is_users {
            return None;
        }
        let role = match message.role {
            Role::Assistant => "model",
            other => other.as_str(),
        };
        let prefix = if number == 0 { &*instructions } else { "" };
        let content = message.content.trim();
        text += &format!("<start_of_turn>{role}\n{prefix}{content}<end_of_turn>\n");
    }
    Some(text + "<start_of_turn>model\n")
}

fn llama3_turn(role: &str, content: &str) -> String {
    let content = content.trim();
    format!("<|start_header_id|>{role}<|end_header_id|>\n\n{content}<|eot_id|>")
}

const LLAMA3_ANSWER: &str = "<|start_header_id|>assistant<|end_header_id|>\n\n";

fn llama3_turns(messages: &[ChatMessage]) -> String {
    let turns = messages
        .iter()
        .map(|message| llama3_turn(message.role.as_str(), &message.content));
    turns.collect::<String>() + LLAMA3_ANSWER
}

fn llama3(messages: &[ChatMessage], begin_text: &str) -> String {
    let begin_text = if messages.is_empty() { "" } else { begin_text };
    begin_text.to_owned() + &llama3_turns(messages)
}

/// There are always instructions; they begin with two dates.
fn llama32(messages: &[ChatMessage], begin_text: &str) -> Option<String> {
    let (instructions, turns) = match messages.split_first()? {
        (first, rest) if first.role == Role::System => (first.content.trim(), rest),
        _ => ("", messages),
    };
    let today = strftime_now("%d %b %Y").ok()?;
    let dates = format!("Cutting Knowledge Date: December 2023\nToday Date: {today}\n\n");
    let header = "<|start_header_id|>system<|end_header_id|>\n\n";
    let system = format!("{begin_text}{header}{dates}{instructions}<|eot_id|>");
    Some(system + &llama3_turns(turns))
}

fn phi35(messages: &[ChatMessage]) -> String {
    let told = messages.iter().filter(|message| {
        // Empty instructions are left out, other empty turns are not.
        message.role != Role::System || !message.content.is_empty()
    });
    let turns = told.map(|message| {
        format!(
            "<|{}|>\n{}<|end|>\n",
            message.role.as_str(),
            message.content
        )
    });
    turns.collect::<String>() + "<|assistant|>\n"
}

/// Thoughts are kept only behind the last question.
fn qwen3(messages: &[ChatMessage]) -> Option<String> {
    let is_question = |message: &ChatMessage| {
        let content = &message.content;
        let is_result =
            content.starts_with("<tool_response>") && content.ends_with("</tool_response>");
        message.role == Role::User && !is_result
    };
    let last = messages.len().checked_sub(1)?;
    let last_question = messages.iter().rposition(is_question).unwrap_or(last);
    let turns = messages
        .iter()
        .enumerate()
        .map(|(number, message)| match message.role {
            Role::Assistant if number > last_question => {
                qwen3_answer(&message.content, number == last)
            }
            Role::Assistant => {
                let content = qwen3_parts(&message.content).1;
                chatml_turn(Role::Assistant, content)
            }
            role => chatml_turn(role, &message.content),
        });
    Some(turns.collect::<String>() + "<|im_start|>assistant\n")
}

fn qwen3_answer(content: &str, is_last: bool) -> String {
    let (thoughts, answer) = qwen3_parts(content);
    if !is_last && thoughts.is_empty() {
        return chatml_turn(Role::Assistant, answer);
    }
    let (thoughts, answer) = (thoughts.trim_matches('\n'), answer.trim_start_matches('\n'));
    let content = format!("<think>\n{thoughts}\n</think>\n\n{answer}");
    chatml_turn(Role::Assistant, &content)
}

/// What an answer thinks and what it says.
fn qwen3_parts(content: &str) -> (&str, &str) {
    let Some((thoughts, _)) = content.split_once("</think>") else {
        return ("", content);
    };
    let answer = content.rsplit("</think>").next().unwrap_or_default();
    let thoughts = thoughts.trim_end_matches('\n');
    let thoughts = thoughts.rsplit("<think>").next().unwrap_or_default();
    (
        thoughts.trim_start_matches('\n'),
        answer.trim_start_matches('\n'),
    )
}

#[cfg(test)]
#[path = "native_tests.rs"]
mod tests;
