//! The key-value cache: what attention has seen, kept so that each token is computed once.
//!
//! A layer's cache is a layout (`growing`, `rotating`, `chunked`) of planes (keys and values, dense or
//! quantised) in a buffer; `seen` is what queries get to look at, and attention over it; `state` is a
//! cache in a file.

mod buffer;
mod chunked;
mod growing;
mod layer;
mod layout;
mod plane;
mod planes;
mod precision;
mod rotating;
mod saved_layer;
mod seen;
mod single_query;
mod state;
#[cfg(test)]
mod tests;
mod visibility;

use headroom_mlx::{Array, Result};

pub(crate) use layer::KeyValueCache;
pub use layout::CacheLayout;
pub use precision::{CachePrecision, CacheQuantization};
pub(crate) use seen::Seen;
pub use state::{CacheDescription, CacheStateError, ComputedIn};

use crate::model::ModelShape;
use crate::rope::RopeStretch;

/// One sequence's caches, layer by layer.
#[derive(Debug)]
pub struct ModelCache {
    layers: Vec<KeyValueCache>,
    layout: CacheLayout,
    rope_stretch: RopeStretch,
}

impl ModelCache {
    /// Positions by which buffers grow.
    pub const GROWTH_STEP: i32 = buffer::GROWTH_STEP;
    /// The smallest bound there is: half of it stays for the first tokens.
    pub const SMALLEST_BOUND: i32 = 2 * rotating::SINKS;

    /// Empty caches for a model of this shape.
    pub(crate) fn new(shape: &ModelShape, layout: CacheLayout) -> Self {
        let layout = layout.clamped();
        let layers = shape.layers.iter();
        Self {
            layers: layers
                .map(|layer| KeyValueCache::new(layer, layout))
                .collect(),
            layout,
            rope_stretch: shape.rope_stretch,
        }
    }

    /// Tells an empty cache how long its sequence will become: RoPE that depends on it (longrope,
    /// dynamic) rotates all of a sequence's tokens alike. Told nothing, it goes by the first piece; one
    /// that has seen tokens keeps to what they were rotated by.
    pub fn expect(&mut self, tokens: u32) {
        if self.offset() == 0 {
            self.reach_to(Some(self.rope_stretch.reach(tokens)));
        }
    }

    /// Whether a sequence that becomes so long can go on from here: what is kept was rotated as its
    /// tokens will be.
    pub fn suits(&self, tokens: u32) -> bool {
        let reach = self.reach().map(|reach| self.rope_stretch.reach(reach));
        reach.is_none_or(|reach| reach == self.rope_stretch.reach(tokens))
    }

    /// The length that decides its angles, once there is one.
    pub(crate) fn reach(&self) -> Option<u32> {
        self.layers.first().and_then(|layer| layer.reach)
    }

    fn reach_to(&mut self, reach: Option<u32>) {
        for layer in &mut self.layers {
            layer.reach = reach;
        }
    }

    /// Which tokens are kept.
    pub fn layout(&self) -> CacheLayout {
        self.layout
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

    /// Bytes that the buffers take, spare positions included; what copies share is counted in each.
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

    /// Keeps the first tokens and the last ones from now on, `max_size` together, layer after layer;
    /// of two bounds the smaller holds. Layers that are bounded by the model's own making (a window,
    /// chunks) stay as they are. Call it between evaluations.
    pub fn bound(&mut self, max_size: i32) -> Result<()> {
        let max_size = max_size.max(Self::SMALLEST_BOUND);
        self.layers
            .iter_mut()
            .try_for_each(|layer| layer.bound(max_size))?;
        self.layout = match self.layout {
            CacheLayout::Simple => CacheLayout::Rotating { max_size },
            CacheLayout::Rotating { max_size: earlier } => CacheLayout::Rotating {
                max_size: max_size.min(earlier),
            },
            chunked @ CacheLayout::Chunked { .. } => chunked,
        };
        Ok(())
    }

    /// Whether the last `tokens` tokens can be forgotten as if they had never been: a cache that has
    /// given tokens up cannot go back.
    pub fn can_trim(&self, tokens: i32) -> bool {
        (0..=self.trimmable()).contains(&tokens)
    }

    /// Forgets the last `tokens` tokens, or as many as it can, and says how many it forgot.
    pub fn trim(&mut self, tokens: i32) -> i32 {
        let forgotten = tokens.clamp(0, self.trimmable());
        for layer in &mut self.layers {
            layer.trim(forgotten);
        }
        forgotten
    }

    /// Layers go back together, so that the one that can go back least decides.
    fn trimmable(&self) -> i32 {
        let layers = self.layers.iter().map(KeyValueCache::trimmable);
        layers.min().unwrap_or(0)
    }

    /// Another sequence that starts from the same. Both share their arrays; MLX copies on the first
    /// write.
    pub fn copy(&self) -> Self {
        Self {
            layers: self.layers.iter().map(KeyValueCache::copy).collect(),
            layout: self.layout,
            rope_stretch: self.rope_stretch,
        }
    }

    /// A cache of its own that has seen the first `tokens` tokens only, evaluated layer after layer;
    /// `None` where it has not seen as many or has given up what is needed to go back there.
    pub fn prefix(&self, tokens: i32) -> Result<Option<Self>> {
        let later = self.offset().saturating_sub(tokens);
        if tokens < 0 || !self.can_trim(later) {
            return Ok(None);
        }
        let mut prefix = self.copy();
        prefix.trim(later);
        prefix
            .layers
            .iter_mut()
            .try_for_each(KeyValueCache::detach)?;
        Ok(Some(prefix))
    }

    pub(crate) fn layers_mut(&mut self) -> &mut [KeyValueCache] {
        &mut self.layers
    }
}
