//! Every cache against a plain one: lists of numbers, and attention written as loops.

mod attention;
mod bytes;
mod layouts;
mod plain;
mod saved;
mod sequences;

use headroom_mlx::Array;
use proptest::prelude::*;

use super::layer::KeyValueCache;
use super::layout::CacheLayout;
use super::precision::{CachePrecision, CacheQuantization};
use crate::model::{LayerShape, ModelShape};
use crate::rope::RopeStretch;

const HEADS: usize = 4;
const KEY_VALUE_HEADS: usize = 2;
const WIDTH: usize = 32;
const SCALE: f32 = 0.2;
const EIGHT_BITS: CachePrecision = quantized(8);
const FOUR_BITS: CachePrecision = quantized(4);

const LAYER: LayerShape = LayerShape {
    key_value_heads: KEY_VALUE_HEADS as u32,
    head_dim: WIDTH as u32,
    window: None,
};

const fn quantized(bits: i32) -> CachePrecision {
    CachePrecision::Quantized(CacheQuantization {
        bits,
        group_size: 32,
    })
}

/// A model whose layers see so much each.
fn shape(windows: &[Option<u32>]) -> ModelShape {
    let layers = windows.iter();
    ModelShape {
        residual_streams: 1,
        mlp_is_gated: true,
        rope_stretch: RopeStretch::Same,
        hidden_size: 64,
        intermediate_size: 64,
        heads: HEADS as u32,
        vocabulary_size: 16,
        context_length: None,
        layers: layers
            .map(|&window| LayerShape { window, ..LAYER })
            .collect(),
    }
}

fn layer(layout: CacheLayout) -> KeyValueCache {
    KeyValueCache::new(&LAYER, layout)
}

/// Numbers that look random and are the same in every run.
fn noise(seed: usize) -> f32 {
    let bits = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((bits ^ (bits >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 40) as f32 / (1 << 23) as f32
        - 1.0
}

/// Heads of the tokens from `start` on, `(1, heads, tokens, width)`; another salt gives others.
fn heads_of(start: usize, tokens: usize, heads: usize, salt: usize) -> Array {
    let mut values = Vec::new();
    for head in 0..heads {
        for token in start..start + tokens {
            let first = ((salt * 8 + head) * 100_000 + token) * WIDTH;
            values.extend((0..WIDTH).map(|column| noise(first + column)));
        }
    }
    let shape = [1, heads as i32, tokens as i32, WIDTH as i32];
    Array::from_slice(&values, &shape)
}

fn values_of(array: &Array) -> Vec<f32> {
    array.contiguous().unwrap().to_vec_exact::<f32>().unwrap()
}

fn assert_near(actual: &[f32], expected: &[f32], what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let differences = actual.iter().zip(expected).map(|(a, b)| (a - b).abs());
    let largest = differences.fold(0.0, f32::max);
    assert!(largest < 1e-4, "{largest}, {what}");
}

fn any_precision() -> impl Strategy<Value = CachePrecision> {
    prop_oneof![
        Just(CachePrecision::Full),
        Just(CachePrecision::Bfloat16),
        prop::sample::select(CacheQuantization::BITS.to_vec()).prop_map(quantized)
    ]
}

fn any_layout() -> impl Strategy<Value = CacheLayout> {
    prop_oneof![
        Just(CacheLayout::Simple),
        (8..40_i32).prop_map(|max_size| CacheLayout::Rotating { max_size }),
        (1..40_i32).prop_map(|chunk_size| CacheLayout::Chunked { chunk_size }),
    ]
}
