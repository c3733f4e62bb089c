//! From what the flags say to what is put to a model.

use std::io::{self, Read};

use headroom_engine::{ChatMessage, Model, Prompt, Role};

use crate::arguments::PromptArguments;
use crate::error::CliError;

/// The text of the prompt, from the flag or standard input.
pub(crate) fn text(arguments: &PromptArguments) -> Result<String, CliError> {
    if arguments.prompt != "-" {
        return Ok(arguments.prompt.clone());
    }
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(CliError::ReadPrompt)?;
    Ok(text)
}

/// A conversation where the model knows how to hold one, plain text otherwise.
pub(crate) fn of(arguments: &PromptArguments, model: &Model, text: String) -> Prompt {
    let is_plain =
        arguments.no_chat_template || (!model.has_chat_template() && arguments.system.is_none());
    if is_plain || text.is_empty() {
        return Prompt::Text(text);
    }
    let system = arguments.system.clone().map(|content| ChatMessage {
        role: Role::System,
        content,
    });
    let question = ChatMessage {
        role: Role::User,
        content: text,
    };
    Prompt::Chat(system.into_iter().chain([question]).collect())
}
