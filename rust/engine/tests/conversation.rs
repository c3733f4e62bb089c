//! From text to tokens and back: what begins a prompt, what ends an answer, templates, sessions.

mod support;

use headroom_engine::{
    ChatMessage, ChatSession, EngineError, GenerationSummary, Model, Prompt, Role, StopReason,
};
use serde_json::{Value, json};
use support::tiny_model::{
    CHAT_TEMPLATE, TinyModel, VOCABULARY_SIZE, storyteller, tokenizer, tokenizer_with_begin,
};
use support::{generate, joined, load, load_error, parameters, start, text};

fn tiny() -> TinyModel {
    TinyModel::of("llama-float32")
}

fn tiny_with_template() -> TinyModel {
    let tiny = tiny();
    tiny.write_json(
        "tokenizer_config.json",
        &json!({"bos_token": "<s>", "eos_token": {"content": "</s>"}, "chat_template": CHAT_TEMPLATE}),
    );
    tiny
}

fn message(role: Role, content: &str) -> ChatMessage {
    ChatMessage {
        role,
        content: content.to_owned(),
    }
}

fn chat(model: &Model, messages: Vec<ChatMessage>) -> Result<GenerationSummary, EngineError> {
    model
        .generate(&Prompt::Chat(messages), &parameters(|_| ()))?
        .finish()
}

/// A token of `tokens` that did not come before, not the first, and where it stands.
fn first_new_token(tokens: &[u32]) -> (usize, u32) {
    let is_new = |position: &usize| !tokens[..*position].contains(&tokens[*position]);
    let position = (2..tokens.len()).find(is_new).unwrap();
    (position, tokens[position])
}

/// Writes into one of a model's files that this id ends an answer.
type NameEnd = fn(&TinyModel, Value);

#[test]
fn each_file_may_name_the_token_that_ends_an_answer() {
    let free = generate(&load(tiny().path()), "abc", |_| ());
    assert_eq!(free.stop_reason, StopReason::Length);
    let (position, end) = first_new_token(&free.tokens);
    let ways: [(&str, NameEnd); 4] = [
        ("a number in config.json", |tiny, end| {
            tiny.configure("eos_token_id", end);
        }),
        ("a list in config.json", |tiny, end| {
            tiny.configure("eos_token_id", json!([1_000_000, end]));
        }),
        ("a number in generation_config.json", |tiny, end| {
            tiny.write_json("generation_config.json", &json!({"eos_token_id": end}));
        }),
        ("a list in generation_config.json", |tiny, end| {
            tiny.write_json("generation_config.json", &json!({"eos_token_id": [end, 0]}));
        }),
    ];
    for (way, name_end) in ways {
        let tiny = tiny();
        name_end(&tiny, json!(end));
        let ended = generate(&load(tiny.path()), "abc", |_| ());
        assert_eq!(ended.stop_reason, StopReason::Stop, "{way}");
        assert_eq!(ended.tokens, free.tokens[..=position], "{way}");
        assert!(ended.text.len() < free.text.len(), "{way}");
        assert!(free.text.starts_with(&ended.text), "{way}");
    }
}

#[test]
fn the_tokenizer_may_name_the_text_that_ends_an_answer() {
    let free = generate(&load(tiny().path()), "abc", |_| ());
    let (position, end) = first_new_token(&free.tokens);
    let tiny = tiny();
    let of_id = tokenizer(VOCABULARY_SIZE)["model"]["vocab"].clone();
    let entry = of_id
        .as_object()
        .unwrap()
        .iter()
        .find(|(_, id)| **id == end);
    tiny.write_json(
        "tokenizer_config.json",
        &json!({"eos_token": entry.unwrap().0}),
    );
    let ended = generate(&load(tiny.path()), "abc", |_| ());
    assert_eq!(ended.tokens, free.tokens[..=position]);
}

#[test]
fn an_answer_ends_before_a_stop_string_and_no_event_shows_it() {
    let tiny = tiny();
    let model = load(tiny.path());
    let free = generate(&model, "abc", |_| ()).text;
    let stop = &free[free.len() / 2..free.len() / 2 + 3];
    let stopping = parameters(|p| p.stop = vec!["never said".to_owned(), stop.to_owned()]);
    let (text, summary) = joined(start(&model, "abc", &stopping));
    assert_eq!(text, free[..free.find(stop).unwrap()]);
    assert_eq!(summary.text, text);
    assert_eq!(summary.stop_reason, StopReason::Stop);
}

#[test]
fn what_only_began_like_a_stop_string_comes_at_the_end() {
    let tiny = tiny();
    let model = load(tiny.path());
    let free = generate(&model, "abc", |_| ()).text;
    let longer = format!("{free}and more");
    let (text, summary) = joined(start(&model, "abc", &parameters(|p| p.stop = vec![longer])));
    assert_eq!(text, free);
    assert_eq!(summary.stop_reason, StopReason::Length);
}

#[test]
fn a_prompt_begins_once() {
    let tiny = tiny();
    tiny.write_json("tokenizer.json", &tokenizer_with_begin(0));
    let tokens = |prompt| generate(&load(tiny.path()), prompt, |_| ()).prompt_tokens;
    assert_eq!(tokens("ab"), 3);
    assert_eq!(tokens("<s>ab"), 4, "nothing says that <s> is the beginning");
    tiny.write_json("tokenizer_config.json", &json!({"bos_token": "<s>"}));
    assert_eq!(tokens("ab"), 3);
    assert_eq!(tokens("<s>ab"), 3);
    tiny.write_json(
        "tokenizer_config.json",
        &json!({"bos_token": "<s>", "chat_template": CHAT_TEMPLATE}),
    );
    let summary = chat(&load(tiny.path()), vec![message(Role::User, "ab")]).unwrap();
    assert_eq!(summary.prompt_tokens, "S UabA".len() - 1);
}

#[test]
fn what_a_tokenizer_keeps_from_its_training_does_not_touch_prompts() {
    let tiny = tiny();
    let mut tokenizer = tokenizer(VOCABULARY_SIZE);
    tokenizer["truncation"] =
        json!({"direction": "Right", "max_length": 200, "strategy": "LongestFirst", "stride": 0});
    tokenizer["padding"] = json!({"strategy": {"Fixed": 400}, "direction": "Right", "pad_to_multiple_of": null,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "<s>"});
    tiny.write_json("tokenizer.json", &tokenizer);
    let summary = generate(&load(tiny.path()), &"ab".repeat(150), |_| ());
    assert_eq!(summary.prompt_tokens, 300);
}

#[test]
fn a_tokenizer_larger_than_the_vocabulary_is_refused() {
    let tiny = tiny();
    tiny.write_json("tokenizer.json", &tokenizer(VOCABULARY_SIZE + 1));
    let error = load_error(tiny.path());
    assert!(
        matches!(
            error,
            EngineError::VocabularyMismatch {
                largest_id: 96,
                vocabulary_size: 96,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn an_id_that_only_the_post_processor_knows_never_reaches_the_model() {
    let tiny = tiny();
    tiny.write_json("tokenizer.json", &tokenizer_with_begin(4_000_000));
    let answer = match Model::load(tiny.path(), |_| std::ops::ControlFlow::Continue(())) {
        Ok(model) => model.generate(&text("ab"), &parameters(|_| ())).err(),
        Err(error) => Some(error),
    };
    answer.expect("an id outside the vocabulary was fed to the model");
}

#[test]
fn the_template_comes_from_the_tokenizers_configuration() {
    let model = load(tiny_with_template().path());
    assert!(model.has_chat_template());
    let messages = vec![message(Role::System, "be"), message(Role::User, "hey")];
    let summary = chat(&model, messages).unwrap();
    assert_eq!(summary.prompt_tokens, 1 + (1 + 2 + 1) + (1 + 3 + 1) + 1);
}

#[test]
fn a_template_file_of_its_own_goes_first() {
    let tiny = tiny_with_template();
    tiny.write("chat_template.jinja", "{{ messages[0].content }}!");
    let summary = chat(&load(tiny.path()), vec![message(Role::User, "hey")]).unwrap();
    assert_eq!(summary.prompt_tokens, 4);
}

#[test]
fn of_several_templates_the_default_is_taken() {
    let tiny = tiny();
    let named = |name, template| json!({"name": name, "template": template});
    let templates = [
        named("tools", "no"),
        named("default", "{{ messages[0].content }}?!"),
    ];
    tiny.write_json(
        "tokenizer_config.json",
        &json!({"chat_template": templates}),
    );
    let summary = chat(&load(tiny.path()), vec![message(Role::User, "hey")]).unwrap();
    assert_eq!(summary.prompt_tokens, 5);
}

#[test]
fn without_a_template_a_conversation_is_wrong_use() {
    let tiny = tiny();
    let error = chat(&load(tiny.path()), vec![message(Role::User, "hey")]).unwrap_err();
    assert!(
        matches!(error, EngineError::NoChatTemplate { .. }),
        "{error}"
    );
    assert!(error.is_wrong_use());
}

#[test]
fn a_broken_template_is_an_error_that_names_its_file() {
    for template in [
        "{% for",
        "{{ raise_exception('no') }}",
        "{{ messages[7].content.upper() }}",
    ] {
        let tiny = tiny();
        tiny.write("chat_template.jinja", template);
        let error = chat(&load(tiny.path()), vec![message(Role::User, "hey")]).unwrap_err();
        assert!(matches!(error, EngineError::ChatTemplate { .. }), "{error}");
        assert!(error.to_string().contains("chat_template.jinja"), "{error}");
    }
}

#[test]
fn empty_prompts_are_refused() {
    let tiny = tiny_with_template();
    let model = load(tiny.path());
    for prompt in [text(""), Prompt::Chat(Vec::new())] {
        let error = model.generate(&prompt, &parameters(|_| ())).unwrap_err();
        assert!(matches!(error, EngineError::EmptyPrompt), "{error}");
    }
    let session = ChatSession::new(model, None, parameters(|_| ()));
    assert!(matches!(session.respond(""), Err(EngineError::EmptyPrompt)));
}

#[test]
fn a_session_remembers_its_turns() {
    let tiny = tiny_with_template();
    let session = ChatSession::new(load(tiny.path()), Some("be".to_owned()), parameters(|_| ()));
    let (first, first_summary) = joined(session.respond("one").unwrap());
    assert_eq!(first_summary.prompt_tokens, 1 + 4 + 5 + 1);
    let (second, second_summary) = joined(session.respond("two").unwrap());
    let first_turn = 5 + (1 + first.len() + 1);
    assert_eq!(second_summary.prompt_tokens, 1 + 4 + first_turn + 5 + 1);
    let expected = [
        message(Role::System, "be"),
        message(Role::User, "one"),
        message(Role::Assistant, &first),
        message(Role::User, "two"),
        message(Role::Assistant, &second),
    ];
    assert_eq!(session.messages(), expected);
    session.reset();
    assert_eq!(session.messages(), expected[..1]);
}

#[test]
fn a_session_keeps_a_cancelled_answer_and_forgets_a_dropped_one() {
    let tiny = tiny_with_template();
    let long = parameters(|p| p.max_tokens = 400);
    let session = ChatSession::new(load(tiny.path()), None, long);
    drop(session.respond("dropped").unwrap());
    assert_eq!(session.messages(), []);
    let reply = session.respond("cut").unwrap();
    reply.canceller().cancel();
    let (text, summary) = joined(reply);
    assert_eq!(summary.stop_reason, StopReason::Cancelled);
    assert_eq!(
        session.messages(),
        [message(Role::User, "cut"), message(Role::Assistant, &text)]
    );
}

#[test]
fn the_shipped_model_holds_a_conversation() {
    let session = ChatSession::new(
        load(&storyteller()),
        None,
        parameters(|p| p.max_tokens = 12),
    );
    for number in 1..=2 {
        let (text, _) = joined(session.respond("Tell me a story about a fox.").unwrap());
        assert!(!text.trim().is_empty());
        assert_eq!(session.messages().len(), 2 * number);
    }
}
