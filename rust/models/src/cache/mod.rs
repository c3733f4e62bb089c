//! The key-value cache: what attention has seen, kept so that each token is computed once.
//!
//! A layer's cache is a layout (`growing`, `rotating`) of planes (keys and values, full or
//! quantised); `seen` is what queries get to look at, and attention over it.

mod growing;
mod layer;
mod planes;
mod precision;
mod rotating;
mod seen;
#[cfg(test)]
mod tests;

use headroom_mlx::{Array, Result};

pub use layer::KeyValueCache;
pub use precision::{CachePrecision, CacheQuantization};

/// One model's caches, layer by layer.
#[derive(Debug)]
pub struct ModelCache {
    layers: Vec<KeyValueCache>,
}

impl ModelCache {
    /// Positions by which buffers grow.
    pub const GROWTH_STEP: i32 = growing::GROWTH_STEP;
    /// The smallest bound there is: half of it stays for the first tokens.
    pub const SMALLEST_BOUND: i32 = 2 * rotating::SINKS;

    /// Empty caches that keep everything.
    pub fn simple(layers: usize) -> Self {
        Self {
            layers: (0..layers).map(|_| KeyValueCache::default()).collect(),
        }
    }

    /// Empty caches that keep the first tokens and the last ones, `max_size` together.
    pub fn rotating(layers: usize, max_size: i32) -> Self {
        Self {
            layers: (0..layers)
                .map(|_| KeyValueCache::rotating(max_size))
                .collect(),
        }
    }

    /// Tokens that the cache has seen.
    pub fn offset(&self) -> i32 {
        self.layers.first().map_or(0, KeyValueCache::offset)
    }

    /// How exactly keys and values are kept.
    pub fn precision(&self) -> CachePrecision {
        self.layers
            .first()
            .map_or_else(CachePrecision::default, KeyValueCache::precision)
    }

    /// The most tokens that are kept; `None` for all.
    pub fn max_size(&self) -> Option<i32> {
        self.layers.first().and_then(KeyValueCache::max_size)
    }

    /// Bytes that the buffers take, spare positions included.
    pub fn allocated_bytes(&self) -> u64 {
        self.layers.iter().map(KeyValueCache::allocated_bytes).sum()
    }

    /// Every buffer, to be evaluated together.
    pub fn arrays(&self) -> impl Iterator<Item = &Array> {
        self.layers.iter().flat_map(KeyValueCache::arrays)
    }

    /// Every buffer in the same order, to be put elsewhere and back. What stands in its place must
    /// not be used.
    pub fn arrays_mut(&mut self) -> impl Iterator<Item = &mut Array> {
        self.layers.iter_mut().flat_map(KeyValueCache::arrays_mut)
    }

    /// Converts everything kept to `precision`, in place: one layer after the other, so that no more
    /// than one is there twice. Call it between evaluations.
    pub fn convert(&mut self, precision: CachePrecision) -> Result<()> {
        self.layers
            .iter_mut()
            .try_for_each(|layer| layer.convert(precision))
    }

    /// Keeps the first tokens and the last ones from now on, `max_size` together, layer after layer.
    /// Call it between evaluations.
    pub fn bound(&mut self, max_size: i32) -> Result<()> {
        self.layers
            .iter_mut()
            .try_for_each(|layer| layer.bound(max_size))
    }

    /// Forgets the last `tokens` tokens, and says how many it forgot.
    pub fn trim(&mut self, tokens: i32) -> i32 {
        let forgotten = self.layers.iter_mut().map(|layer| layer.trim(tokens));
        forgotten.min().unwrap_or(0)
    }

    pub(crate) fn layers_mut(&mut self) -> impl Iterator<Item = &mut KeyValueCache> {
        self.layers.iter_mut()
    }
}
