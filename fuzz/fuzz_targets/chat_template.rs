//! A chat template: whatever it holds, it is rendered or refused inside the limits.
#![no_main]

use std::path::PathBuf;

use headroom_engine::{ChatMessage, ChatTemplate, Role};
use libfuzzer_sys::fuzz_target;

/// No rendering may make more, whatever the template.
const LONGEST_TEXT_BYTES: usize = 16 << 20;

fuzz_target!(|source: &str| {
    let origin = PathBuf::from("chat_template.jinja");
    let texts = (Some("<s>".to_owned()), Some("</s>".to_owned()));
    let template = ChatTemplate::new(origin, source.to_owned(), texts.0, texts.1);
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
    if let Ok(text) = template.render(&messages) {
        assert!(text.len() <= LONGEST_TEXT_BYTES);
    }
});
