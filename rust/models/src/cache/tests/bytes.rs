//! What caches take is what their arrays take.

use super::super::ModelCache;
use super::super::layout::CacheLayout;
use super::super::precision::CachePrecision;
use super::*;

/// Bytes after so many tokens at once.
fn bytes(layout: CacheLayout, precision: CachePrecision, tokens: usize) -> u64 {
    let mut cache = layer(layout);
    cache.convert(precision).unwrap();
    let next = heads_of(0, tokens, KEY_VALUE_HEADS, 1);
    cache.update(&next, &next).unwrap();
    cache.allocated_bytes()
}

/// Keys and values of a position.
const ROW: u64 = (2 * KEY_VALUE_HEADS * WIDTH) as u64;

#[test]
fn layouts_grow_in_steps_up_to_what_they_keep() {
    let full = |layout, tokens| bytes(layout, CachePrecision::Full, tokens);
    assert_eq!(full(CacheLayout::Simple, 1), 256 * ROW * 4);
    assert_eq!(full(CacheLayout::Simple, 257), 512 * ROW * 4);
    for layout in [
        CacheLayout::Rotating { max_size: 40 },
        CacheLayout::Chunked { chunk_size: 40 },
    ] {
        for tokens in [1, 3, 40, 100] {
            assert_eq!(full(layout, tokens), 40 * ROW * 4);
        }
    }
}

#[test]
fn precisions_take_their_bits_and_a_scale_and_a_multiple_of_it_a_group() {
    let grown = |precision| bytes(CacheLayout::Simple, precision, 1) / 256;
    assert_eq!(grown(CachePrecision::Full), ROW * 4);
    assert_eq!(grown(CachePrecision::Bfloat16), ROW * 2);
    for bits in CacheQuantization::BITS {
        let packed = ROW * bits as u64 / 8;
        assert_eq!(grown(quantized(bits)), packed + ROW / 32 * 6);
    }
}

#[test]
fn a_prefix_takes_what_it_keeps_and_not_what_it_came_from() {
    let mut cache = ModelCache::new(&shape(&[None, None]), CacheLayout::Simple);
    let next = heads_of(0, 600, KEY_VALUE_HEADS, 1);
    for layer in cache.layers_mut() {
        layer.update(&next, &next).unwrap();
    }
    let prefix = cache.prefix(100).unwrap().unwrap();
    assert_eq!(prefix.allocated_bytes(), 2 * 256 * ROW * 4);
    assert_eq!(cache.allocated_bytes(), 2 * 768 * ROW * 4);
}
