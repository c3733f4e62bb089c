//! Every family goes on from a cache that was cut back, copied or written down as if nothing had been.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use headroom_mlx::Array;
use headroom_models::{
    CacheLayout, EmbeddingPlacement, LanguageModel, LogitRows, ModelCache, RopeStretch, open,
};

/// Within every window: what a window has given up cannot come back.
const TOKENS: usize = 6;

fn case(name: &str) -> PathBuf {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
    cases.join(name).join("model")
}

fn load(name: &str) -> Box<dyn LanguageModel> {
    headroom_mlx::start().unwrap();
    let go_on = &mut |_| ControlFlow::Continue(());
    open(&case(name), EmbeddingPlacement::Memory, go_on).unwrap()
}

fn feed(
    model: &dyn LanguageModel,
    cache: &mut ModelCache,
    ids: std::ops::Range<usize>,
) -> Vec<f32> {
    let ids: Vec<u32> = ids.map(|id| (id * 7 % 40) as u32).collect();
    let tokens = Array::from_slice(&ids, &[1, ids.len() as i32]);
    let logits = model.forward(&tokens, &mut [cache], LogitRows::Last);
    logits.unwrap().to_vec_exact::<f32>().unwrap()
}

fn restored(model: &dyn LanguageModel, cache: &ModelCache) -> ModelCache {
    let (description, tensors) = cache.to_parts().unwrap();
    let written = serde_json::to_string(&description).unwrap();
    let description = serde_json::from_str(&written).unwrap();
    let tensors: HashMap<_, _> = tensors.into_iter().collect();
    let mut tensor = |name: &str| tensors.get(name).cloned();
    ModelCache::from_parts(&description, model.shape(), &mut tensor).unwrap()
}

fn assert_same(name: &str, how: &str, actual: &[f32], expected: &[f32]) {
    let largest = expected.iter().fold(0f32, |most, it| most.max(it.abs()));
    for (actual, expected) in actual.iter().zip(expected) {
        let difference = (actual - expected).abs();
        assert!(difference <= 1e-4 * largest, "{name}, {how}: {difference}");
    }
}

#[test]
fn a_cache_that_was_cut_or_written_down_goes_on_as_before() {
    for name in [
        "llama-float32",
        "qwen3-bfloat16",
        "smollm3-bfloat16-tied",
        "phi3-longrope-past",
        "openelm-bfloat16",
        "gemma3_text-bfloat16-tied",
        "gemma3-bfloat16",
        "gemma3n-bfloat16",
        "nanochat-bfloat16",
    ] {
        let model = load(name);
        let empty = || {
            let mut cache = model.new_cache(CacheLayout::Simple);
            cache.expect(TOKENS as u32);
            cache
        };
        let expected = feed(&*model, &mut empty(), 0..TOKENS);
        let mut cache = empty();
        feed(&*model, &mut cache, 0..TOKENS - 2);
        assert_same(
            name,
            "restored",
            &feed(&*model, &mut restored(&*model, &cache), TOKENS - 2..TOKENS),
            &expected,
        );
        feed(&*model, &mut cache, 0..2);
        assert_eq!(cache.trim(2), 2, "{name}");
        let cut = feed(&*model, &mut cache, TOKENS - 2..TOKENS);
        assert_same(name, "cut back", &cut, &expected);
    }
}

#[test]
fn a_sequence_keeps_the_angles_that_it_began_with() {
    let model = load("phi3-longrope-within");
    let RopeStretch::LongerThan(context) = model.shape().rope_stretch else {
        panic!("the case has longrope");
    };
    let mut cache = model.new_cache(CacheLayout::Simple);
    cache.expect(context + 1);
    let long = feed(&*model, &mut cache, 0..TOKENS);
    let cache = restored(&*model, &cache);
    assert!(cache.suits(context + 9) && !cache.suits(context));
    let mut short = model.new_cache(CacheLayout::Simple);
    assert!(short.suits(context) && short.suits(context + 1));
    assert_ne!(feed(&*model, &mut short, 0..TOKENS), long);
    assert!(short.suits(context) && !short.suits(context + 1));
}
