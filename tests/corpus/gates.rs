//! The gates, as the engine calls them.

use std::path::PathBuf;

use headroom_engine::{ChatMessage, ChatTemplate, Role};

/// Renders a template for a short conversation.
pub(crate) fn chat_template(bytes: &[u8]) -> Result<(), String> {
    let source = String::from_utf8_lossy(bytes).into_owned();
    let origin = PathBuf::from("chat_template.jinja");
    let texts = [Some("<s>".to_owned()), Some("</s>".to_owned())];
    let [begin_text, end_text] = texts;
    let template = ChatTemplate::new(origin, source, begin_text, end_text);
    let message = |role, content: &str| ChatMessage {
        role,
        content: content.to_owned(),
    };
    let messages = [
        message(Role::System, "Be brief."),
        message(Role::User, "Tell me of the sea."),
        message(Role::Assistant, "It is wide."),
        message(Role::User, "And deep?"),
    ];
    let rendered = template.render(&messages);
    rendered.map(drop).map_err(|error| error.to_string())
}
