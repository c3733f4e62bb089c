//! How a prompt is cut makes no difference, and converting loses what a precision cannot tell and no
//! more.

use headroom_mlx::{Array, Dtype};
use proptest::prelude::*;

use super::super::layout::CacheLayout;
use super::super::plane::Plane;
use super::super::precision::CachePrecision;
use super::plain::{PlainCache, Sees};
use super::*;

/// Feeds tokens in pieces and returns each token's attention, `(tokens, heads, width)`.
fn attended(layout: CacheLayout, precision: CachePrecision, pieces: &[usize]) -> Vec<f32> {
    let mut cache = layer(layout);
    cache.convert(precision).unwrap();
    let mut all = Vec::new();
    for &tokens in pieces {
        let start = cache.offset() as usize;
        let heads = |heads, salt| heads_of(start, tokens, heads, salt);
        let (keys, values) = (heads(KEY_VALUE_HEADS, 1), heads(KEY_VALUE_HEADS, 2));
        let seen = cache.update(&keys, &values).unwrap();
        let rows = seen.attend(&heads(HEADS, 3), SCALE).unwrap();
        all.extend(values_of(&rows.transpose_axes(&[0, 2, 1, 3]).unwrap()));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_way_a_prompt_is_cut_changes_nothing(
        layout in any_layout(),
        precision in any_precision(),
        pieces in prop::collection::vec(1..30_usize, 1..8),
    ) {
        let tokens = pieces.iter().sum();
        let alone = attended(layout, precision, &vec![1; tokens]);
        assert_near(&attended(layout, precision, &pieces), &alone, "in pieces");
        assert_near(&attended(layout, precision, &[tokens]), &alone, "at once");
    }
}

#[test]
fn a_long_prompt_is_attended_as_the_plain_cache_does() {
    for layout in [
        CacheLayout::Simple,
        CacheLayout::Rotating { max_size: 100 },
        CacheLayout::Chunked { chunk_size: 64 },
    ] {
        let (mut cache, mut plain) = (layer(layout), PlainCache::new(Sees::under(layout, None)));
        let heads = |heads, salt| heads_of(0, 300, heads, salt);
        let (keys, values) = (heads(KEY_VALUE_HEADS, 1), heads(KEY_VALUE_HEADS, 2));
        let queries = heads(HEADS, 3);
        let seen = cache.update(&keys, &values).unwrap();
        let attended = values_of(&seen.attend(&queries, SCALE).unwrap());
        assert_near(
            &attended,
            &plain.update(&keys, &values, &queries),
            "300 tokens",
        );
    }
}

/// What the newest of `rows` queries gets after 9,000 tokens in all.
fn newest_of(rows: usize, precision: CachePrecision) -> Vec<f32> {
    let mut cache = layer(CacheLayout::Simple);
    cache.convert(precision).unwrap();
    let (mut start, mut attended) = (0, None);
    for tokens in [9000 - rows, rows] {
        let heads = |heads, salt| heads_of(start, tokens, heads, salt);
        let (keys, values) = (heads(KEY_VALUE_HEADS, 1), heads(KEY_VALUE_HEADS, 2));
        let seen = cache.update(&keys, &values).unwrap();
        attended = Some(seen.attend(&heads(HEADS, 3), SCALE).unwrap());
        start += tokens;
    }
    let newest = attended.unwrap().take_axis(Array::from_int(-1), 2).unwrap();
    values_of(&newest)
}

#[test]
fn one_query_over_several_blocks_sees_what_it_sees_beside_another() {
    for precision in [
        CachePrecision::Full,
        CachePrecision::Bfloat16,
        EIGHT_BITS,
        FOUR_BITS,
    ] {
        let what = format!("{precision:?}");
        assert_near(&newest_of(1, precision), &newest_of(2, precision), &what);
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
fn groups_whose_values_hardly_differ_keep_their_size() {
    let noise = heads_of(0, 3, KEY_VALUE_HEADS, 1);
    for (base, spread) in [(0.0, 0.0), (5.0, 0.0), (-300.0, 1e-3), (1e6, 1.0)] {
        let spread = noise.multiply(Array::from_f32(spread)).unwrap();
        let rows = spread.add(Array::from_f32(base)).unwrap();
        let mut cache = layer(CacheLayout::Simple);
        cache.convert(EIGHT_BITS).unwrap();
        let seen = cache.update(&rows, &rows).unwrap();
        let kept = values_of(&seen.planes.keys.expand(Dtype::Float32).unwrap());
        for (kept, value) in kept.iter().zip(values_of(&rows)) {
            assert!(
                (kept - value).abs() <= base.abs() / 128.0,
                "{kept} for {value}"
            );
        }
    }
}
