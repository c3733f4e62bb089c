//! Whatever is done to a model's cache in whatever order, each layer gives what the plain one gives.

use std::collections::HashMap;

use proptest::prelude::*;

use super::super::layout::CacheLayout;
use super::super::precision::CachePrecision;
use super::super::{CacheDescription, ModelCache};
use super::plain::{PlainCache, Sees};
use super::*;

#[derive(Debug, Clone)]
enum Step {
    Feed(usize),
    /// So many, one after the other.
    Decode(usize),
    Trim(i32),
    Convert(CachePrecision),
    Bound(i32),
    /// Goes on with a copy, after the original has gone another way.
    Copy,
    /// Goes on with the first so many of a hundred.
    Prefix(usize),
    /// Goes on with what was taken apart and put together.
    Reload,
}

/// A cache and what it is held to, layer by layer.
struct Pair {
    windows: Vec<Option<u32>>,
    cache: ModelCache,
    plain: Vec<PlainCache>,
    /// So that tokens written twice differ.
    fed: usize,
}

impl Pair {
    fn new(layout: CacheLayout, windows: Vec<Option<u32>>) -> Self {
        let sees = windows.iter().map(|&window| Sees::under(layout, window));
        Self {
            plain: sees.map(PlainCache::new).collect(),
            cache: ModelCache::new(&shape(&windows), layout),
            windows,
            fed: 0,
        }
    }

    fn feed(&mut self, tokens: usize) {
        self.fed += 1;
        let start = self.plain[0].offset();
        let heads = |heads, salt| heads_of(start, tokens, heads, 3 * self.fed + salt);
        let (keys, values) = (heads(KEY_VALUE_HEADS, 0), heads(KEY_VALUE_HEADS, 1));
        let queries = heads(HEADS, 2);
        for (layer, plain) in self.cache.layers_mut().iter_mut().zip(&mut self.plain) {
            assert_eq!(layer.offset() as usize, start);
            let seen = layer.update(&keys, &values).unwrap();
            let attended = values_of(&seen.attend(&queries, SCALE).unwrap());
            let what = format!("{tokens} tokens after {start}, {plain:.0?}");
            assert_near(&attended, &plain.update(&keys, &values, &queries), &what);
        }
    }

    fn trimmable(&self) -> usize {
        let layers = self.plain.iter().map(PlainCache::trimmable);
        layers.min().unwrap()
    }

    fn trim(&mut self, tokens: i32) {
        let expected = tokens.min(self.trimmable() as i32);
        assert_eq!(self.cache.can_trim(tokens), tokens == expected);
        assert_eq!(self.cache.trim(tokens), expected);
        for plain in &mut self.plain {
            plain.trim(expected as usize);
        }
    }

    /// The original overwrites what both share, and must not be seen doing it.
    fn copy(&mut self) {
        let mut copy = self.cache.copy();
        std::mem::swap(&mut copy, &mut self.cache);
        let mut original = Self {
            windows: self.windows.clone(),
            cache: copy,
            plain: self.plain.clone(),
            fed: self.fed + 1000,
        };
        original.feed(2);
    }

    fn prefix(&mut self, tokens: usize) {
        let later = self.plain[0].offset().checked_sub(tokens);
        let is_there = later.is_some_and(|later| later <= self.trimmable());
        let prefix = self.cache.prefix(tokens as i32).unwrap();
        assert_eq!(prefix.is_some(), is_there);
        if let (Some(prefix), Some(later)) = (prefix, later) {
            self.cache = prefix;
            for plain in &mut self.plain {
                plain.trim(later);
            }
        }
    }

    fn reload(&mut self) {
        let (description, tensors) = self.cache.to_parts().unwrap();
        let written = serde_json::to_string(&description).unwrap();
        let read: CacheDescription = serde_json::from_str(&written).unwrap();
        let tensors: HashMap<_, _> = tensors.into_iter().collect();
        let give = &mut |name: &str| tensors.get(name).cloned();
        self.cache = ModelCache::from_parts(&read, &shape(&self.windows), give).unwrap();
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Feed(tokens) => self.feed(tokens),
            Step::Decode(tokens) => (0..tokens).for_each(|_| self.feed(1)),
            Step::Trim(tokens) => self.trim(tokens),
            Step::Convert(precision) => {
                self.cache.convert(precision).unwrap();
                self.plain.iter_mut().for_each(|it| it.convert(precision));
            }
            Step::Bound(max_size) => {
                self.cache.bound(max_size).unwrap();
                let max_size = max_size as usize;
                self.plain.iter_mut().for_each(|it| it.bound(max_size));
            }
            Step::Copy => self.copy(),
            Step::Prefix(percent) => self.prefix(self.plain[0].offset() * percent / 100),
            Step::Reload => self.reload(),
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..20_usize).prop_map(Step::Decode),
        4 => (1..30_usize).prop_map(Step::Feed),
        2 => (0..12_i32).prop_map(Step::Trim),
        1 => any_precision().prop_map(Step::Convert),
        1 => (8..40_i32).prop_map(Step::Bound),
        1 => Just(Step::Copy),
        1 => prop_oneof![Just(100), 30..110_usize].prop_map(Step::Prefix),
        1 => Just(Step::Reload),
    ]
}

/// All layers alike, or some that see a window by themselves.
fn windows() -> impl Strategy<Value = Vec<Option<u32>>> {
    prop_oneof![
        2 => Just(vec![None]),
        1 => (1..20_u32).prop_map(|window| vec![Some(window), None]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_sequence_of_steps_gives_what_the_plain_cache_gives(
        layout in any_layout(),
        precision in any_precision(),
        windows in windows(),
        steps in prop::collection::vec(step(), 1..16),
    ) {
        let mut pair = Pair::new(layout, windows);
        pair.take(&Step::Convert(precision));
        for step in &steps {
            pair.take(step);
        }
        pair.feed(1);
        pair.feed(3);
    }
}

#[test]
fn long_caches_grow_and_are_trimmed_across_their_steps() {
    for precision in [CachePrecision::Full, EIGHT_BITS] {
        let mut pair = Pair::new(CacheLayout::Simple, vec![None]);
        pair.take(&Step::Convert(precision));
        for step in [
            Step::Feed(250),
            Step::Decode(9),
            Step::Trim(20),
            Step::Feed(30),
            Step::Decode(2),
        ] {
            pair.take(&step);
        }
    }
}
