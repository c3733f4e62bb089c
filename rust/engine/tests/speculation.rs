//! A draft model makes nothing but speed: the tokens are those of the model alone.

mod support;

use headroom_engine::{
    CacheKind, CacheSettings, DraftModel, EngineError, GenerateParameters, GenerationAids, Model,
    PromptCache,
};
use support::tiny_model::{TinyModel, storyteller};
use support::{load, parameters, text};

const PROMPT: &str = "Once upon a time there was a little fox who";

fn tokens(model: &Model, parameters: &GenerateParameters, aids: &GenerationAids) -> Vec<u32> {
    let generation = model
        .generate_with(&text(PROMPT), parameters, aids)
        .unwrap();
    generation.finish().unwrap().tokens
}

fn with_draft(target: &Model, draft: &Model, count: u32) -> GenerationAids {
    GenerationAids {
        cache: None,
        draft: Some(DraftModel::new(target, draft, count).unwrap()),
    }
}

fn settings() -> [GenerateParameters; 3] {
    [
        parameters(|p| p.max_tokens = 60),
        parameters(|p| {
            p.max_tokens = 60;
            p.temperature = 0.9;
            p.seed = Some(5);
        }),
        parameters(|p| {
            p.max_tokens = 33;
            p.repetition_penalty = 1.3;
        }),
    ]
}

#[test]
fn a_draft_that_is_always_right_changes_nothing() {
    let model = load(&storyteller());
    for parameters in settings() {
        let expected = tokens(&model, &parameters, &GenerationAids::default());
        for count in [1, 3, 16] {
            let aids = with_draft(&model, &model, count);
            assert_eq!(tokens(&model, &parameters, &aids), expected, "{count}");
        }
    }
}

#[test]
fn a_draft_that_is_often_wrong_changes_nothing() {
    let target = load(TinyModel::of("llama-float32").path());
    let draft = load(TinyModel::of("llama-heads-equal").path());
    for parameters in settings() {
        let expected = tokens(&target, &parameters, &GenerationAids::default());
        for count in [1, 2, 5] {
            let aids = with_draft(&target, &draft, count);
            assert_eq!(tokens(&target, &parameters, &aids), expected, "{count}");
        }
    }
}

#[test]
fn caches_that_cannot_forget_are_computed_again() {
    let target = load(TinyModel::of("llama-float32").path());
    let draft = load(TinyModel::of("llama-heads-equal").path());
    let bounded = parameters(|p| {
        p.max_tokens = 60;
        p.max_kv_size = Some(16);
    });
    let expected = tokens(&target, &bounded, &GenerationAids::default());
    let aids = with_draft(&target, &draft, 3);
    assert_eq!(tokens(&target, &bounded, &aids), expected);
}

#[test]
fn a_session_cache_holds_exactly_what_was_said() {
    let model = load(&storyteller());
    let cache = PromptCache::new(&model, CacheSettings::default()).unwrap();
    let mut aids = with_draft(&model, &model, 4);
    aids.cache = Some(cache.clone());
    let greedy = parameters(|p| p.max_tokens = 21);
    let answer = tokens(&model, &greedy, &aids);
    let state = cache.state().unwrap();
    assert_eq!(state.kind, CacheKind::Simple);
    let prompt_tokens = model
        .generate(&text(PROMPT), &greedy)
        .unwrap()
        .finish()
        .unwrap()
        .prompt_tokens;
    assert_eq!(state.tokens as usize, prompt_tokens + answer.len() - 1);
}

#[test]
fn a_draft_with_another_vocabulary_is_refused() {
    let target = load(&storyteller());
    let draft = load(TinyModel::of("llama-float32").path());
    let error = DraftModel::new(&target, &draft, 3).err().unwrap();
    assert!(
        matches!(error, EngineError::DraftVocabulary { .. }),
        "{error}"
    );
    for count in [0, 17] {
        let error = DraftModel::new(&target, &target, count).err().unwrap();
        assert!(
            error.to_string().starts_with("num_draft_tokens is"),
            "{error}"
        );
    }
}
