//! From what `--prompt` and `--system` say to a prompt.

use std::io::{self, Read};

use headroom_engine::{ChatMessage, Prompt, Role};

use crate::error::CliError;

/// The argument itself, or standard input where it is `-`.
pub(crate) fn text(argument: &str) -> Result<String, CliError> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(CliError::ReadPrompt)?;
    Ok(text)
}

/// The beginning of a conversation.
pub(crate) fn conversation(system: Option<String>, question: String) -> Prompt {
    let system = system.map(|content| ChatMessage {
        role: Role::System,
        content,
    });
    let question = ChatMessage {
        role: Role::User,
        content: question,
    };
    Prompt::Chat(system.into_iter().chain([question]).collect())
}
