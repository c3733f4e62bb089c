//! One layer's cache: a layout of keys and values in some precision. Either can change while a
//! generation runs, and each combination of both is a cache of its own.

use headroom_mlx::ops::transforms::eval;
use headroom_mlx::{Array, Dtype, Result};

use super::layout::{CacheLayout, Layout};
use super::plane::PlaneFormat;
use super::planes::Planes;
use super::precision::CachePrecision;
use super::rotating::Rotating;
use super::seen::Seen;
use crate::model::LayerShape;
use crate::rope::Position;

/// What one layer's attention has seen.
#[derive(Debug)]
pub(crate) struct KeyValueCache {
    pub(super) layout: Box<dyn Layout>,
    pub(super) precision: CachePrecision,
    /// What keys and values are computed in, once some have come.
    pub(super) computed: Option<Dtype>,
    /// How long the sequence is expected to become, as far as angles depend on it.
    pub(super) reach: Option<u32>,
}

impl KeyValueCache {
    /// An empty cache for a layer; its own window goes before `layout`.
    pub(crate) fn new(layer: &LayerShape, layout: CacheLayout) -> Self {
        let layout = match layer.window {
            Some(window) => Box::new(Rotating::window(i32::try_from(window).unwrap_or(i32::MAX))),
            None => layout.empty(),
        };
        Self {
            layout,
            precision: CachePrecision::Full,
            computed: None,
            reach: None,
        }
    }

    /// Where the next `tokens` stand. A sequence of which nothing was expected goes by its first piece.
    pub(crate) fn position(&mut self, tokens: i32) -> Position {
        let offset = self.offset();
        let end = offset.saturating_add(tokens).unsigned_abs();
        let reach = *self.reach.get_or_insert(end);
        Position {
            offset,
            reach: i32::try_from(reach).unwrap_or(i32::MAX),
        }
    }

    /// Tokens that this layer has seen.
    pub(crate) fn offset(&self) -> i32 {
        self.layout.offset()
    }

    /// How exactly it keeps them.
    pub(crate) fn precision(&self) -> CachePrecision {
        self.precision
    }

    /// Takes in `keys` and `values`, each `(1, key_value_heads, tokens, head_dim)`.
    pub(crate) fn update(&mut self, keys: &Array, values: &Array) -> Result<Seen> {
        let format = PlaneFormat {
            precision: self.precision,
            computed: *self.computed.get_or_insert(keys.dtype()),
        };
        self.layout.update(&Planes::new(keys, values, format)?)
    }

    /// Converts what is kept, and all that will be, to `precision`.
    pub(crate) fn convert(&mut self, precision: CachePrecision) -> Result<()> {
        let computed = self.computed.filter(|_| precision != self.precision);
        if let Some(computed) = computed {
            let format = PlaneFormat {
                precision,
                computed,
            };
            self.layout.buffer_mut().convert(format)?;
        }
        self.precision = precision;
        Ok(())
    }

    /// Keeps at most `max_size` tokens from now on, where the layout is not bounded by itself.
    pub(crate) fn bound(&mut self, max_size: i32) -> Result<()> {
        if let Some(bounded) = self.layout.bounded(max_size)? {
            if let Some(planes) = bounded.buffer().planes() {
                eval(planes.arrays())?;
            }
            self.layout = bounded;
        }
        Ok(())
    }

    /// How many of the last tokens can be forgotten.
    pub(crate) fn trimmable(&self) -> i32 {
        self.layout.trimmable()
    }

    /// Forgets the last `tokens`, or as many as can be.
    pub(crate) fn trim(&mut self, tokens: i32) {
        self.layout.trim(tokens.clamp(0, self.trimmable()));
    }

    /// Another that starts from the same; MLX copies on the first write.
    pub(crate) fn copy(&self) -> Self {
        Self {
            layout: self.layout.copy(),
            ..*self
        }
    }

    /// Takes what it keeps out of whatever it shares with a copy.
    pub(crate) fn detach(&mut self) -> Result<()> {
        let most = self.layout.most();
        self.layout.buffer_mut().detach(most)
    }

    /// Bytes of its buffers, spare positions included.
    pub(crate) fn allocated_bytes(&self) -> u64 {
        self.arrays().map(|array| array.nbytes() as u64).sum()
    }

    /// Every buffer.
    pub(crate) fn arrays(&self) -> impl Iterator<Item = &Array> {
        let planes = self.layout.buffer().planes();
        planes.into_iter().flat_map(Planes::arrays)
    }

    /// Every buffer, to be replaced.
    pub(crate) fn arrays_mut(&mut self) -> impl Iterator<Item = &mut Array> {
        let planes = self.layout.buffer_mut().planes_mut();
        planes.into_iter().flat_map(Planes::arrays_mut)
    }
}
