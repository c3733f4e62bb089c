//! Sequences that run together give what each gives alone, whatever it has seen and keeps.

use std::ops::ControlFlow;
use std::path::Path;

use headroom_mlx::Array;
use headroom_models::{
    CacheLayout, CachePrecision, CacheQuantization, EmbeddingPlacement, LanguageModel, LogitRows,
    ModelCache, ModelError, open,
};

fn models() -> impl Iterator<Item = Box<dyn LanguageModel>> {
    headroom_mlx::start().unwrap();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
    [
        "llama-head-dim",
        "qwen3-head-dim",
        "qwen3-4-bit-group-64-tied",
        "smollm3-4-bit-group-64",
        "phi3-longrope-within",
        "openelm-bfloat16",
        "gemma3_text-4-bit-group-64",
        "gemma3n-window",
        "nanochat-bfloat16",
    ]
    .into_iter()
    .map(move |case| {
        let go_on = &mut |_| ControlFlow::Continue(());
        open(
            &cases.join(case).join("model"),
            EmbeddingPlacement::Memory,
            go_on,
        )
        .unwrap()
    })
}

/// Tokens that look random, one sequence after the other.
fn tokens(sequences: &[i32], count: i32, vocabulary_size: u32) -> Array {
    let ids: Vec<u32> = sequences
        .iter()
        .flat_map(|&sequence| (0..count).map(move |token| (sequence * 37 + token * 11) as u32))
        .map(|id| id % vocabulary_size)
        .collect();
    Array::from_slice(&ids, &[sequences.len() as i32, count])
}

/// Caches of every layout and some precisions, which have seen 5, 16, 27, ... tokens.
fn caches(model: &dyn LanguageModel) -> Vec<ModelCache> {
    let layouts = [
        CacheLayout::Simple,
        CacheLayout::Rotating { max_size: 10 },
        CacheLayout::Chunked { chunk_size: 9 },
        CacheLayout::Simple,
    ];
    let vocabulary_size = model.shape().vocabulary_size;
    let filled = layouts.into_iter().zip(0..).map(|(layout, sequence)| {
        let mut cache = model.new_cache(layout);
        let earlier = tokens(&[sequence], 5 + 11 * sequence, vocabulary_size);
        let rows = model.forward(&earlier, &mut [&mut cache], LogitRows::Last);
        rows.unwrap().eval().unwrap();
        cache
    });
    let mut caches: Vec<_> = filled.collect();
    caches[1].convert(CachePrecision::Bfloat16).unwrap();
    let head_dim = model.shape().layers[0].head_dim as i32;
    if CacheQuantization::GROUP_SIZES.contains(&head_dim) {
        let eight = CacheQuantization {
            bits: 8,
            group_size: head_dim,
        };
        caches[3].convert(CachePrecision::Quantized(eight)).unwrap();
    }
    caches
}

fn logits(model: &dyn LanguageModel, tokens: &Array, caches: &mut [&mut ModelCache]) -> Vec<f32> {
    let logits = model.forward(tokens, caches, LogitRows::All).unwrap();
    logits.to_vec_exact::<f32>().unwrap()
}

#[test]
fn together_is_as_alone() {
    for model in models() {
        let (mut together, mut alone) = (caches(&*model), caches(&*model));
        for count in [1, 4, 1] {
            let next = |sequences: &[i32]| tokens(sequences, count, model.shape().vocabulary_size);
            let mut all: Vec<_> = together.iter_mut().collect();
            let actual = logits(&*model, &next(&[7, 8, 9, 10]), &mut all);
            let each = alone.iter_mut().zip(7..);
            let expected: Vec<f32> = each
                .flat_map(|(cache, sequence)| logits(&*model, &next(&[sequence]), &mut [cache]))
                .collect();
            let largest = expected.iter().fold(0f32, |most, it| most.max(it.abs()));
            assert_eq!(actual.len(), expected.len());
            for (actual, expected) in actual.iter().zip(&expected) {
                assert!(
                    (actual - expected).abs() <= 1e-4 * largest,
                    "{count} tokens"
                );
            }
        }
    }
}

#[test]
fn as_many_caches_as_sequences_are_demanded_and_from_this_model() {
    let models: Vec<_> = models().collect();
    let model = &*models[0];
    let two = tokens(&[0, 1], 3, model.shape().vocabulary_size);
    let mut cache = model.new_cache(CacheLayout::Simple);
    let refused = |caches: &mut [&mut ModelCache]| {
        let error = model.forward(&two, caches, LogitRows::Last).unwrap_err();
        assert!(matches!(error, ModelError::CachesDoNotFit { .. }));
    };
    refused(&mut []);
    refused(&mut [&mut cache]);
}
