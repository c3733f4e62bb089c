//! What a document is: a text, or a conversation.

use headroom_engine::{ChatMessage, Role};
use serde::Deserialize;

/// What the shards hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Texts, of which every token is learned. Lines of JSON have a field `text`.
    Text,
    /// Conversations, of which the answers are learned. They come as lines of JSON with a field
    /// `messages`: objects with `role` (`system`, `user` or `assistant`) and `content`.
    Conversations,
}

/// One document as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    Text(String),
    Conversation(Vec<ChatMessage>),
}

impl Document {
    /// Bytes of its text.
    pub(crate) fn text_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Conversation(messages) => {
                messages.iter().map(|message| message.content.len()).sum()
            }
        }
    }
}

#[derive(Deserialize)]
struct TextLine {
    text: String,
}

#[derive(Deserialize)]
struct ConversationLine {
    messages: Vec<ChatMessage>,
}

impl Content {
    /// Reads a line of JSON, or says what is wrong with it.
    pub(crate) fn read_line(self, line: &str) -> Result<Document, String> {
        let brief = |error: serde_json::Error| format!("it is not the JSON it should be ({error})");
        match self {
            Self::Text => {
                let line: TextLine = serde_json::from_str(line).map_err(brief)?;
                Ok(Document::Text(line.text))
            }
            Self::Conversations => {
                let line: ConversationLine = serde_json::from_str(line).map_err(brief)?;
                refuse_other_order(&line.messages)?;
                Ok(Document::Conversation(line.messages))
            }
        }
    }
}

/// Instructions come first if at all; then the person and the model take turns.
fn refuse_other_order(messages: &[ChatMessage]) -> Result<(), String> {
    let turns = match messages {
        [first, turns @ ..] if first.role == Role::System => turns,
        turns => turns,
    };
    let roles = [Role::User, Role::Assistant].into_iter().cycle();
    match turns
        .iter()
        .zip(roles)
        .find(|(turn, role)| turn.role != *role)
    {
        Some((turn, role)) => Err(format!(
            "a message of the {} stands where one of the {} should",
            turn.role.as_str(),
            role.as_str()
        )),
        None if turns.len() < 2 => Err("it has no answer to learn".to_owned()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str) -> String {
        Content::Conversations.read_line(line).unwrap_err()
    }

    #[test]
    fn a_text_is_the_field_of_that_name_whatever_lies_beside_it() {
        let line = r#"{"id": 7, "text": "A fox.", "score": 0.5}"#;
        let expected = Document::Text("A fox.".to_owned());
        assert_eq!(Content::Text.read_line(line), Ok(expected));
        assert!(Content::Text.read_line(r#"{"text": 7}"#).is_err());
        assert!(Content::Text.read_line("").is_err());
    }

    #[test]
    fn a_conversation_takes_turns_after_its_instructions() {
        let message = |role: &str| format!(r#"{{"role": "{role}", "content": "x"}}"#);
        let line = |roles: &[&str]| {
            let messages: Vec<_> = roles.iter().map(|role| message(role)).collect();
            format!(r#"{{"messages": [{}]}}"#, messages.join(","))
        };
        let sound = [
            line(&["user", "assistant"]),
            line(&["system", "user", "assistant", "user", "assistant"]),
        ];
        for line in sound {
            assert!(Content::Conversations.read_line(&line).is_ok(), "{line}");
        }
        assert!(refusal(&line(&["user", "user"])).contains("where one of the assistant"));
        assert!(refusal(&line(&["user", "system"])).contains("message of the system"));
        assert!(refusal(&line(&["assistant"])).contains("where one of the user"));
        assert!(refusal(&line(&["system", "user"])).contains("no answer"));
        assert!(refusal(&line(&[])).contains("no answer"));
        assert!(refusal(&line(&["tool"])).contains("JSON"));
    }
}
