//! What each layout keeps and gives up.

use super::super::ModelCache;
use super::super::layout::CacheLayout;
use super::super::precision::CachePrecision;
use super::*;

fn feed(cache: &mut ModelCache, tokens: usize) {
    let start = cache.offset() as usize;
    let next = heads_of(start, tokens, KEY_VALUE_HEADS, 1);
    for layer in cache.layers_mut() {
        layer.update(&next, &next).unwrap();
    }
}

fn after(layout: CacheLayout, windows: &[Option<u32>], tokens: usize) -> ModelCache {
    let mut cache = ModelCache::new(&shape(windows), layout);
    feed(&mut cache, tokens);
    cache
}

/// Positions that each layer keeps.
fn positions(cache: &ModelCache) -> Vec<i32> {
    let layers = cache.layers.iter();
    layers.map(|layer| layer.layout.buffer().filled()).collect()
}

#[test]
fn each_layout_keeps_what_it_says() {
    let kept = |layout, tokens| positions(&after(layout, &[None], tokens))[0];
    assert_eq!(kept(CacheLayout::Simple, 100), 100);
    assert_eq!(kept(CacheLayout::Rotating { max_size: 40 }, 39), 39);
    assert_eq!(kept(CacheLayout::Rotating { max_size: 40 }, 100), 40);
    assert_eq!(kept(CacheLayout::Chunked { chunk_size: 40 }, 80), 40);
    assert_eq!(kept(CacheLayout::Chunked { chunk_size: 40 }, 81), 1);
}

#[test]
fn a_bounded_cache_that_gave_tokens_up_does_not_go_back() {
    let mut cache = after(CacheLayout::Rotating { max_size: 8 }, &[None], 8);
    assert_eq!((cache.trim(3), cache.offset()), (3, 5));
    feed(&mut cache, 8);
    assert!(!cache.can_trim(1));
    assert_eq!((cache.trim(3), cache.offset()), (0, 13));
}

#[test]
fn a_chunk_is_trimmed_to_its_start_and_no_further() {
    let mut cache = after(CacheLayout::Chunked { chunk_size: 10 }, &[None], 25);
    assert!(cache.can_trim(5) && !cache.can_trim(6));
    assert_eq!((cache.trim(9), cache.offset()), (5, 20));
}

#[test]
fn the_smaller_of_two_bounds_holds() {
    let mut cache = after(CacheLayout::Rotating { max_size: 30 }, &[None], 50);
    cache.bound(12).unwrap();
    cache.bound(20).unwrap();
    assert_eq!(cache.layout(), CacheLayout::Rotating { max_size: 12 });
    assert_eq!(positions(&cache), [12]);
}

#[test]
fn a_layer_with_a_window_keeps_it_under_every_layout() {
    for layout in [
        CacheLayout::Simple,
        CacheLayout::Rotating { max_size: 20 },
        CacheLayout::Chunked { chunk_size: 60 },
    ] {
        let mut cache = after(layout, &[Some(16), None], 50);
        assert_eq!(positions(&cache)[0], 16, "{layout:?}");
        cache.bound(12).unwrap();
        cache.convert(FOUR_BITS).unwrap();
        assert_eq!(positions(&cache)[0], 16, "{layout:?}");
        assert_eq!(cache.layers[0].precision(), FOUR_BITS);
    }
}

#[test]
fn layers_go_back_together_or_not_at_all() {
    let mut cache = after(CacheLayout::Simple, &[Some(16), None], 50);
    assert!(cache.can_trim(0) && !cache.can_trim(1));
    assert_eq!(cache.trim(1), 0);
    assert!(cache.layers.iter().all(|layer| layer.offset() == 50));
    assert!(cache.prefix(49).unwrap().is_none());
    assert_eq!(cache.prefix(50).unwrap().map(|it| it.offset()), Some(50));
}

#[test]
fn a_prefix_beyond_what_was_seen_is_none() {
    let cache = after(CacheLayout::Simple, &[None], 10);
    assert!(cache.prefix(11).unwrap().is_none());
    assert!(cache.prefix(-1).unwrap().is_none());
    assert!(cache.prefix(i32::MIN).unwrap().is_none());
    assert_eq!(cache.prefix(0).unwrap().map(|it| it.offset()), Some(0));
}

#[test]
fn sizes_that_no_layout_can_have_are_raised_to_the_least() {
    let layout = |asked| ModelCache::new(&shape(&[None]), asked).layout();
    let least = CacheLayout::Rotating { max_size: 8 };
    assert_eq!(layout(CacheLayout::Rotating { max_size: -3 }), least);
    let least = CacheLayout::Chunked { chunk_size: 1 };
    assert_eq!(layout(CacheLayout::Chunked { chunk_size: 0 }), least);
    assert_eq!(
        ModelCache::new(&shape(&[None]), CacheLayout::Simple).precision(),
        CachePrecision::Full
    );
}
