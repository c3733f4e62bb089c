//! Logits through every cache are those that mlx-lm gives through its own: `tests/golden/caches.py`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use headroom_formats::Checkpoint;
use headroom_mlx::Array;
use headroom_models::{
    CacheLayout, CachePrecision, CacheQuantization, EmbeddingPlacement, LanguageModel, LogitRows,
    open,
};
use serde::Deserialize;

/// Largest difference allowed, as a share of the largest expected logit.
const TOLERANCE: f32 = 1e-3;

/// One way through the prompt, as the script writes it down.
#[derive(Debug, Deserialize)]
struct Run {
    name: String,
    chunk: usize,
    max_kv_size: Option<i32>,
    kv_chunk_size: Option<i32>,
    kv_bits: Option<i32>,
    kv_group_size: i32,
    quantized_kv_start: i32,
    trim_after: Option<usize>,
    trimmed: i32,
}

impl Run {
    fn layout(&self) -> CacheLayout {
        match (self.max_kv_size, self.kv_chunk_size) {
            (Some(max_size), _) => CacheLayout::Rotating { max_size },
            (None, Some(chunk_size)) => CacheLayout::Chunked { chunk_size },
            (None, None) => CacheLayout::Simple,
        }
    }

    fn precision(&self) -> CachePrecision {
        self.kv_bits.map_or(CachePrecision::Full, |bits| {
            CachePrecision::Quantized(CacheQuantization {
                bits,
                group_size: self.kv_group_size,
            })
        })
    }

    fn logits(&self, model: &dyn LanguageModel, prompt: &[u32]) -> Vec<f32> {
        let mut cache = model.new_cache(self.layout());
        let (mut logits, mut fed) = (Vec::new(), 0);
        for piece in prompt.chunks(self.chunk) {
            let tokens = Array::from_slice(piece, &[1, piece.len() as i32]);
            let rows = model.forward(&tokens, &mut [&mut cache], LogitRows::All);
            logits.extend(rows.unwrap().to_vec_exact::<f32>().unwrap());
            if cache.offset() >= self.quantized_kv_start {
                cache.convert(self.precision()).unwrap();
            }
            fed += piece.len();
            if self.trim_after == Some(fed) {
                assert!(cache.can_trim(self.trimmed));
                assert_eq!(cache.trim(self.trimmed), self.trimmed);
            }
        }
        logits
    }
}

fn case(name: &str) -> PathBuf {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
    cases.join(name)
}

fn words<T>(file: &Checkpoint, tensor: &str, word: fn([u8; 4]) -> T) -> Vec<T> {
    let bytes = file.read(tensor).unwrap();
    let words = bytes.chunks_exact(4);
    words.map(|bytes| word(bytes.try_into().unwrap())).collect()
}

fn largest(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(0.0, |largest, value| largest.max(value.abs()))
}

fn every_run_of(name: &str, runs_at_least: usize) {
    headroom_mlx::start().unwrap();
    let directory = case(name);
    let file = |name: &str| Checkpoint::open_file(&directory.join(name)).unwrap();
    let prompt = words(&file("expected.safetensors"), "tokens", u32::from_le_bytes);
    let logits = file("caches.safetensors");
    let model = open(
        &directory.join("model"),
        EmbeddingPlacement::Memory,
        &mut |_| ControlFlow::Continue(()),
    )
    .unwrap();
    let runs = std::fs::read_to_string(directory.join("caches.json")).unwrap();
    let runs: Vec<Run> = serde_json::from_str(&runs).unwrap();
    assert!(
        runs.len() >= runs_at_least,
        "only {} runs found",
        runs.len()
    );
    for run in runs {
        let expected = words(&logits, &run.name, f32::from_le_bytes);
        let actual = run.logits(&*model, &prompt);
        assert_eq!(actual.len(), expected.len());
        let difference = largest(actual.iter().zip(&expected).map(|(a, b)| a - b));
        let share = difference / largest(expected.into_iter());
        assert!(share <= TOLERANCE, "{name}, {}: {share}", run.name);
    }
}

#[test]
fn llama_gives_what_it_gives_through_the_caches_of_mlx_lm() {
    every_run_of("llama-caches", 20);
}

#[test]
fn qwen3_gives_what_it_gives_through_the_caches_of_mlx_lm() {
    every_run_of("qwen3-caches", 20);
}

#[test]
fn gemma3_text_keeps_its_windows_beside_the_caches_of_mlx_lm() {
    every_run_of("gemma3_text-caches", 10);
    every_run_of("gemma3_text-caches-narrow", 6);
}
