//! What a model has seen is computed once: across turns, edits, sessions and restarts, with the same
//! answers as without a cache.

mod support;

use headroom_engine::{
    CacheKind, CacheSettings, ChatMessage, ChatSession, EngineError, GenerateParameters,
    GenerationAids, GenerationSummary, Model, Prompt, PromptCache, Role, drop_idle_prompt_caches,
};
use headroom_memory::KvQuantization;
use serde_json::json;
use support::tiny_model::{CHAT_TEMPLATE, TinyModel, storyteller};
use support::{joined, load, parameters, text};

const FOX: &str = "Tell me a story about a fox.";

fn story(max_tokens: u32) -> GenerateParameters {
    parameters(|p| p.max_tokens = max_tokens)
}

fn session(model: &Model, parameters: GenerateParameters) -> ChatSession {
    ChatSession::new(model.clone(), None, parameters)
}

fn respond(session: &ChatSession, question: &str) -> GenerationSummary {
    joined(session.respond(question).unwrap()).1
}

/// The answer to the same conversation without any cache.
fn fresh_answer(model: &Model, messages: &[ChatMessage], max_tokens: u32) -> GenerationSummary {
    let prompt = Prompt::Chat(messages.to_vec());
    let generation = model.generate(&prompt, &story(max_tokens)).unwrap();
    generation.finish().unwrap()
}

fn generate_from(cache: &PromptCache, prompt: &str) -> GenerationSummary {
    let aids = GenerationAids {
        cache: Some(cache.clone()),
        draft: None,
    };
    let generation = cache
        .model()
        .generate_with(&text(prompt), &story(16), &aids)
        .unwrap();
    generation.finish().unwrap()
}

#[test]
fn a_turn_computes_only_what_is_new() {
    let model = load(&storyteller());
    let session = session(&model, story(24));
    let first = respond(&session, FOX);
    assert_eq!(first.cached_prompt_tokens, 0);
    let second = respond(&session, "What happened then?");
    let seen = first.prompt_tokens + first.generated_tokens;
    assert!(
        second.cached_prompt_tokens >= seen - 1,
        "{} of {seen}",
        second.cached_prompt_tokens
    );
    let messages = session.messages();
    let fresh = fresh_answer(&model, &messages[..3], 24);
    assert_eq!(second.text, fresh.text);
    assert_eq!(second.prompt_tokens, fresh.prompt_tokens);
}

#[test]
fn after_an_edit_all_up_to_it_is_kept() {
    let model = load(&storyteller());
    let session = session(&model, story(16));
    let first = respond(&session, FOX);
    respond(&session, "What did the bird say?");
    let mut messages = session.messages();
    messages.truncate(2);
    session.set_messages(messages);
    let edited = respond(&session, "What did the rabbit say?");
    assert!(edited.cached_prompt_tokens >= first.prompt_tokens);
    assert!(edited.cached_prompt_tokens < edited.prompt_tokens);
    let fresh = fresh_answer(&model, &session.messages()[..3], 16);
    assert_eq!(edited.text, fresh.text);
}

#[test]
fn sessions_share_what_they_begin_with() {
    let model = load(&storyteller());
    let system = "You are a kind old owl who lives in the forest and tells stories to children.";
    let begin = || ChatSession::new(model.clone(), Some(system.to_owned()), story(8));
    let (one, two) = (begin(), begin());
    respond(&one, FOX);
    let other = respond(&two, "Tell me about the moon.");
    assert!(other.cached_prompt_tokens > 10);
    assert_eq!(
        other.text,
        fresh_answer(&model, &two.messages()[..2], 8).text
    );
    // The first one lost nothing by it.
    let next = respond(&one, "And then?");
    assert!(next.cached_prompt_tokens > other.cached_prompt_tokens);
}

#[test]
fn twenty_turns_go_on_after_a_restart_as_if_it_had_never_been() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("conversation.safetensors");
    let model = load(&storyteller());
    let kept = session(&model, story(6));
    for turn in 0..20 {
        respond(&kept, &format!("Question {turn}?"));
    }
    kept.save(&path).unwrap();
    let expected = respond(&kept, "And now?");
    drop((kept, model));
    let model = load(&storyteller());
    let resumed = ChatSession::load(&model, &path, story(6)).unwrap();
    let answer = respond(&resumed, "And now?");
    assert_eq!(answer.tokens, expected.tokens);
    assert_eq!(answer.cached_prompt_tokens, expected.cached_prompt_tokens);
    assert!(answer.prompt_tokens - answer.cached_prompt_tokens < 20);
}

#[test]
fn every_kind_of_cache_goes_on_from_where_it_was() {
    let model = load(&storyteller());
    let kinds = [CacheKind::Simple, CacheKind::Rotating { max_size: 48 }];
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cache.safetensors");
    for kind in kinds {
        for bits in [None, Some(16), Some(8), Some(4)] {
            let settings = CacheSettings {
                kind,
                quantization: bits.map(|bits| KvQuantization {
                    bits,
                    group_size: 64,
                }),
                ..CacheSettings::default()
            };
            let cache = PromptCache::new(&model, settings).unwrap();
            let prompt = "Once upon a time there was a little fox who lived in a deep forest";
            let first = generate_from(&cache, prompt);
            cache.save(&path).unwrap();
            let copy = cache.copy().unwrap();
            let longer = format!("{prompt}{}", first.text);
            let next = generate_from(&cache, &longer);
            assert!(next.cached_prompt_tokens > 0, "{settings:?}");
            let loaded = PromptCache::load(&model, &path).unwrap();
            assert_eq!(loaded.settings(), settings);
            for other in [loaded, copy] {
                let again = generate_from(&other, &longer);
                assert_eq!(again.tokens, next.tokens, "{settings:?}");
                assert_eq!(again.cached_prompt_tokens, next.cached_prompt_tokens);
            }
        }
    }
}

#[test]
fn a_cache_that_had_to_go_is_computed_again() {
    let model = load(&storyteller());
    let session = session(&model, story(8));
    respond(&session, FOX);
    assert!(session.cache_state().unwrap().tokens > 0);
    drop_idle_prompt_caches().unwrap();
    assert_eq!(session.cache_state().unwrap().tokens, 0);
    let next = respond(&session, "And then?");
    assert_eq!(
        next.text,
        fresh_answer(&model, &session.messages()[..3], 8).text
    );
}

#[test]
fn a_trimmed_cache_has_seen_less() {
    let model = load(&storyteller());
    let cache = PromptCache::new(&model, CacheSettings::default()).unwrap();
    generate_from(&cache, "Once upon a time there was");
    let tokens = cache.state().unwrap().tokens;
    assert_eq!(cache.trim(5).unwrap(), tokens - 5);
    assert_eq!(cache.trim(tokens).unwrap(), 0);
}

#[test]
fn answers_that_read_as_other_tokens_are_not_computed_again() {
    let tiny = TinyModel::of("llama-float32");
    tiny.write_json(
        "tokenizer_config.json",
        &json!({"bos_token": "<s>", "eos_token": "</s>", "chat_template": CHAT_TEMPLATE}),
    );
    let session = session(&load(tiny.path()), story(12));
    let first = respond(&session, "abc");
    let second = respond(&session, "de");
    assert_eq!(
        second.cached_prompt_tokens,
        first.prompt_tokens + first.generated_tokens - 1
    );
}

#[test]
fn a_cache_of_another_model_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cache.safetensors");
    let (fox, tiny) = (load(&storyteller()), TinyModel::of("llama-float32"));
    let other = load(tiny.path());
    let cache = PromptCache::new(&fox, CacheSettings::default()).unwrap();
    generate_from(&cache, "Once upon a time");
    cache.save(&path).unwrap();
    let aids = GenerationAids {
        cache: Some(cache),
        draft: None,
    };
    let refused = other.generate_with(&text("abc"), &story(4), &aids).err();
    assert!(matches!(refused, Some(EngineError::CacheOfAnotherModel)));
    let error = PromptCache::load(&other, &path).err().unwrap().to_string();
    assert!(error.contains("computed by another model"), "{error}");
}

#[test]
fn an_edited_weight_makes_another_model() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cache.safetensors");
    let tiny = TinyModel::of("llama-float32");
    let model = load(tiny.path());
    PromptCache::new(&model, CacheSettings::default())
        .unwrap()
        .save(&path)
        .unwrap();
    drop(model);
    PromptCache::load(&load(tiny.path()), &path).unwrap();
    tiny.configure("rope_theta", json!(20_000.0));
    assert!(PromptCache::load(&load(tiny.path()), &path).is_err());
}

#[test]
fn a_message_may_come_from_anywhere() {
    let model = load(&storyteller());
    let session = session(&model, story(4));
    session.set_messages(vec![ChatMessage {
        role: Role::System,
        content: "Be brief.".to_owned(),
    }]);
    respond(&session, FOX);
    assert_eq!(session.messages().len(), 3);
}
