//! Every cache against a plain one: lists of numbers, and attention written as loops.

use headroom_mlx::{Array, Dtype};
use proptest::prelude::*;

use super::layer::KeyValueCache;
use super::layout::CacheLayout;
use super::plane::Plane;
use super::precision::{CachePrecision, CacheQuantization};
use super::rotating::SINKS;
use crate::model::LayerShape;

const HEADS: usize = 4;
const KEY_VALUE_HEADS: usize = 2;
const WIDTH: usize = 32;
const SCALE: f32 = 0.2;
const EIGHT_BITS: CachePrecision = precision(8);
const FOUR_BITS: CachePrecision = precision(4);

const fn precision(bits: i32) -> CachePrecision {
    CachePrecision::Quantized(CacheQuantization {
        bits,
        group_size: 32,
    })
}

/// Numbers that look random and are the same in every run.
fn noise(seed: usize) -> f32 {
    let bits = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((bits ^ (bits >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 40) as f32 / (1 << 23) as f32
        - 1.0
}

/// Heads of the tokens from `start` on, as the model would compute them.
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

const LAYER: LayerShape = LayerShape {
    key_value_heads: KEY_VALUE_HEADS as u32,
    head_dim: WIDTH as u32,
    window: None,
};

fn layer(layout: CacheLayout) -> KeyValueCache {
    KeyValueCache::new(&LAYER, layout)
}

fn values_of(array: &Array) -> Vec<f32> {
    array.contiguous().unwrap().to_vec_exact::<f32>().unwrap()
}

/// What a cache does to a row that it keeps.
fn as_kept(rows: &Array, precision: CachePrecision) -> Vec<f32> {
    let mut cache = layer(CacheLayout::Simple);
    cache.convert(precision).unwrap();
    let seen = cache.update(rows, rows).unwrap();
    values_of(&seen.planes.keys.expand(Dtype::Float32).unwrap())
}

/// Attention of one query head over the positions that it may see.
fn plain_attention(query: &[f32], keys: &[f32], values: &[f32], visible: &[usize]) -> Vec<f32> {
    let row = |matrix: &[f32], position: usize| matrix[position * WIDTH..][..WIDTH].to_vec();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let scores: Vec<f32> = visible
        .iter()
        .map(|&position| SCALE * dot(query, &row(keys, position)))
        .collect();
    let largest = scores.iter().copied().fold(f32::MIN, f32::max);
    let shares: Vec<f32> = scores.iter().map(|score| (score - largest).exp()).collect();
    let total: f32 = shares.iter().sum();
    (0..WIDTH)
        .map(|column| {
            let weighted = visible.iter().zip(&shares);
            weighted
                .map(|(&position, share)| share * values[position * WIDTH + column])
                .sum::<f32>()
                / total
        })
        .collect()
}

/// The positions that the token at `position` sees under a bound.
fn visible(position: usize, max_size: Option<i32>) -> Vec<usize> {
    let is_seen = |earlier: &usize| match max_size {
        None => true,
        Some(max_size) => {
            *earlier < SINKS as usize || position - earlier < (max_size - SINKS) as usize
        }
    };
    (0..=position).filter(is_seen).collect()
}

/// Attention of every token from `start` on, from everything written down so far.
fn expected(start: usize, tokens: usize, setting: Setting) -> Vec<f32> {
    let end = start + tokens;
    let kept = |salt| as_kept(&heads_of(0, end, KEY_VALUE_HEADS, salt), setting.precision);
    let (keys, values) = (kept(1), kept(2));
    let queries = values_of(&heads_of(start, tokens, HEADS, 3));
    let mut attended = Vec::new();
    for head in 0..HEADS {
        let shared = head / (HEADS / KEY_VALUE_HEADS) * end * WIDTH;
        for token in 0..tokens {
            let query = &queries[(head * tokens + token) * WIDTH..][..WIDTH];
            let visible = visible(start + token, setting.max_size);
            attended.extend(plain_attention(
                query,
                &keys[shared..][..end * WIDTH],
                &values[shared..][..end * WIDTH],
                &visible,
            ));
        }
    }
    attended
}

#[derive(Debug, Clone, Copy)]
struct Setting {
    max_size: Option<i32>,
    precision: CachePrecision,
}

impl Setting {
    fn cache(self) -> KeyValueCache {
        let mut cache = match self.max_size {
            Some(max_size) => layer(CacheLayout::Rotating { max_size }),
            None => layer(CacheLayout::Simple),
        };
        cache.convert(self.precision).unwrap();
        cache
    }
}

/// Feeds the next tokens and compares what their queries get.
fn feed_and_compare(cache: &mut KeyValueCache, tokens: usize, setting: Setting) {
    let start = cache.offset() as usize;
    let keys = heads_of(start, tokens, KEY_VALUE_HEADS, 1);
    let values = heads_of(start, tokens, KEY_VALUE_HEADS, 2);
    let queries = heads_of(start, tokens, HEADS, 3);
    let seen = cache.update(&keys, &values).unwrap();
    let attended = values_of(&seen.attend(&queries, SCALE).unwrap());
    let expected = expected(start, tokens, setting);
    let difference = attended
        .iter()
        .zip(&expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(
        difference < 1e-4,
        "{difference} at token {start}, {tokens} at once, {setting:?}"
    );
    assert_eq!(attended.len(), expected.len());
}

fn setting() -> impl Strategy<Value = Setting> {
    let bound = prop_oneof![Just(None), (8..40_i32).prop_map(Some)];
    let precision = prop_oneof![
        Just(CachePrecision::Full),
        Just(CachePrecision::Bfloat16),
        prop::sample::select(CacheQuantization::BITS.to_vec()).prop_map(precision)
    ];
    (bound, precision).prop_map(|(max_size, precision)| Setting {
        max_size,
        precision,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn attention_is_that_of_a_plain_list(
        setting in setting(),
        chunks in prop::collection::vec(prop_oneof![Just(1_usize), 2..30_usize], 1..12),
    ) {
        let mut cache = setting.cache();
        for tokens in chunks {
            feed_and_compare(&mut cache, tokens, setting);
        }
    }

    #[test]
    fn a_bound_set_on_the_way_is_as_good_as_one_from_the_start(
        max_size in 8..30_i32,
        before in prop::collection::vec(1..20_usize, 0..4),
        after in prop::collection::vec(1..6_usize, 1..8),
    ) {
        let free = Setting { max_size: None, precision: CachePrecision::Full };
        let bound = Setting { max_size: Some(max_size), ..free };
        let mut cache = free.cache();
        for tokens in before {
            feed_and_compare(&mut cache, tokens, free);
        }
        cache.bound(max_size).unwrap();
        for tokens in after {
            feed_and_compare(&mut cache, tokens, bound);
        }
    }

    #[test]
    fn trimmed_tokens_are_as_if_they_had_never_been(
        precision in prop_oneof![Just(CachePrecision::Full), Just(EIGHT_BITS)],
        tokens in 1..300_usize,
        trimmed in 0..320_i32,
    ) {
        let setting = Setting { max_size: None, precision };
        let mut cache = setting.cache();
        feed_and_compare(&mut cache, tokens, setting);
        prop_assert_eq!(cache.trimmable(), tokens as i32);
        cache.trim(trimmed);
        feed_and_compare(&mut cache, 3, setting);
    }
}

#[test]
fn converting_keeps_what_the_precision_can_tell() {
    let full = heads_of(0, 40, KEY_VALUE_HEADS, 1);
    let mut cache = layer(CacheLayout::Simple);
    cache.update(&full, &full).unwrap();
    cache.convert(CachePrecision::Bfloat16).unwrap();
    cache.convert(EIGHT_BITS).unwrap();
    cache.convert(FOUR_BITS).unwrap();
    let next = heads_of(40, 1, KEY_VALUE_HEADS, 1);
    let seen = cache.update(&next, &next).unwrap();
    let kept = values_of(&seen.planes.keys.expand(Dtype::Float32).unwrap());
    let whole = values_of(&heads_of(0, 41, KEY_VALUE_HEADS, 1));
    for (kept, value) in kept.iter().zip(&whole) {
        // Values lie between -1 and 1: one of 15 steps is 2/15 at most. MLX aligns steps with zero,
        // so that up to a whole one is lost at the far end.
        assert!((kept - value).abs() <= 2.1 / 15.0, "{kept} for {value}");
    }
    assert!(matches!(seen.planes.keys, Plane::Quantized(_)));
}

#[test]
fn the_smaller_of_two_bounds_holds() {
    let mut cache = layer(CacheLayout::Rotating { max_size: 30 });
    for token in 0..50 {
        let next = heads_of(token, 1, KEY_VALUE_HEADS, 1);
        cache.update(&next, &next).unwrap();
    }
    cache.bound(12).unwrap();
    let setting = Setting {
        max_size: Some(12),
        precision: CachePrecision::Full,
    };
    assert_eq!((cache.offset(), cache.layout.most()), (50, 12));
    let mut fresh = setting.cache();
    for token in 0..50 {
        let next = heads_of(token, 1, KEY_VALUE_HEADS, 1);
        fresh.update(&next, &next).unwrap();
    }
    let next = heads_of(50, 1, KEY_VALUE_HEADS, 1);
    let query = heads_of(50, 1, HEADS, 3);
    let of = |cache: &mut KeyValueCache| {
        let seen = cache.update(&next, &next).unwrap();
        values_of(&seen.attend(&query, SCALE).unwrap())
    };
    for (resized, fresh) in of(&mut cache).iter().zip(of(&mut fresh)) {
        assert!((resized - fresh).abs() < 1e-5);
    }
}

#[test]
fn a_cache_that_gave_tokens_up_does_not_go_back() {
    let mut cache = layer(CacheLayout::Rotating { max_size: 8 });
    let few = heads_of(0, 8, KEY_VALUE_HEADS, 1);
    cache.update(&few, &few).unwrap();
    cache.trim(3);
    assert_eq!(cache.offset(), 5);
    cache.update(&few, &few).unwrap();
    cache.trim(3);
    assert_eq!((cache.trimmable(), cache.offset()), (0, 13));
}

#[test]
fn bytes_are_those_of_the_arrays() {
    let bytes = |setting: Setting, tokens| {
        let mut cache = setting.cache();
        let next = heads_of(0, tokens, KEY_VALUE_HEADS, 1);
        cache.update(&next, &next).unwrap();
        cache.allocated_bytes()
    };
    let free = Setting {
        max_size: None,
        precision: CachePrecision::Full,
    };
    let row = (2 * KEY_VALUE_HEADS * WIDTH) as u64;
    assert_eq!(bytes(free, 1), 256 * row * 4);
    assert_eq!(bytes(free, 257), 512 * row * 4);
    let half = Setting {
        precision: CachePrecision::Bfloat16,
        ..free
    };
    assert_eq!(bytes(half, 1), 256 * row * 2);
    let bound = Setting {
        max_size: Some(40),
        ..free
    };
    assert_eq!(bytes(bound, 1), 40 * row * 4);
    assert_eq!(bytes(bound, 100), 40 * row * 4);
    // A scale and a bias of 16 bits for each group of 32.
    let eight = Setting {
        precision: EIGHT_BITS,
        ..free
    };
    assert_eq!(bytes(eight, 1), 256 * (row + row / 32 * 4));
    let four = Setting {
        precision: FOUR_BITS,
        ..free
    };
    assert_eq!(bytes(four, 1), 256 * (row / 2 + row / 32 * 4));
}
