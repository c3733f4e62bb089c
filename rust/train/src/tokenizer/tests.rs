//! Text and conversations become the tokens that every reader of the written files gives them.

use std::path::Path;

use headroom_engine::{ChatMessage, ChatTemplate, Role};

use super::*;
use crate::tokenizer_learning::tests::{Place, TEXT, small_tokenizer};

fn message(role: Role, content: &str) -> ChatMessage {
    let content = content.to_owned();
    ChatMessage { role, content }
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn token_bytes_add_up_to_the_bytes_of_a_text() {
    let place = Place::with(TEXT);
    let tokenizer = place.tokenizer();
    let bytes = |text: &str| -> u32 {
        let tokens = tokenizer.encode_document(text).unwrap();
        tokens
            .iter()
            .map(|id| tokenizer.token_bytes()[*id as usize])
            .sum()
    };
    for text in ["The fox", "Grüße, 狐!", "<|user_start|>", ""] {
        assert_eq!(bytes(text) as usize, text.len());
    }
    let file = json(&place.path("tokenizer").join("token_bytes.json"));
    assert_eq!(file, serde_json::json!(tokenizer.token_bytes()));
}

#[test]
fn a_document_cannot_hold_special_tokens() {
    let tokenizer = small_tokenizer();
    let tokens = tokenizer
        .encode_document("a<|bos|>b<|assistant_end|>")
        .unwrap();
    assert_eq!(tokens.iter().filter(|id| **id >= 291).count(), 1);
}

#[test]
fn a_conversation_has_the_tokens_that_its_written_template_gives() {
    let place = Place::with(TEXT);
    let tokenizer = place.tokenizer();
    let (library, config) = (
        place.written(),
        json(&place.path("tokenizer").join("tokenizer_config.json")),
    );
    let text = |name: &str| config[name].as_str().unwrap().to_owned();
    let template = ChatTemplate::new(
        "tokenizer_config.json".into(),
        text("chat_template"),
        Some(text("bos_token")),
        Some(text("eos_token")),
    );
    let messages = [
        message(Role::System, "Be brief."),
        message(Role::User, "  Hello,\nfox! "),
        message(Role::Assistant, "Hello 12 birds. "),
        message(Role::User, "Grüße"),
    ];
    for from in [0, 1] {
        let rendered = template.render(&messages[from..]).unwrap();
        let expected = library.encode(rendered, false).unwrap().get_ids().to_vec();
        let mut conversation = tokenizer.encode_conversation(&messages[from..]).unwrap();
        conversation
            .tokens
            .push(library.token_to_id("<|assistant_start|>").unwrap());
        assert_eq!(conversation.tokens, expected);
    }
}

#[test]
fn answers_and_their_ends_are_learned_and_nothing_else() {
    let place = Place::with(TEXT);
    let tokenizer = place.tokenizer();
    let messages = [
        message(Role::System, "Be brief."),
        message(Role::User, "Hello"),
        message(Role::Assistant, "12 birds"),
    ];
    let conversation = tokenizer.encode_conversation(&messages).unwrap();
    assert_eq!(conversation.tokens.len(), conversation.is_learned.len());
    let learned = conversation.tokens.iter().zip(&conversation.is_learned);
    let learned: Vec<u32> = learned.filter(|(_, is)| **is).map(|(id, _)| *id).collect();
    let text = place.written().decode(&learned, false).unwrap();
    assert_eq!(text, "12 birds<|assistant_end|>");
}

#[test]
fn a_tokenizer_without_a_beginning_is_unfit() {
    let place = Place::with(TEXT);
    place.train(300).unwrap();
    let path = place.path("tokenizer").join("tokenizer.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("<|bos|>", "<s>")).unwrap();
    let refusal = TrainingTokenizer::read(&place.path("tokenizer"))
        .err()
        .unwrap();
    assert!(refusal.to_string().contains("it has no token <|bos|>"));
}
