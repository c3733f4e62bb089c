//! One layer's cache: a layout (growing or rotating) of keys and values in some precision. Either can
//! change while a generation runs, and each combination of both is a cache of its own.

use headroom_mlx::ops::transforms::eval;
use headroom_mlx::{Array, Dtype, Result};

use super::growing::Growing;
use super::planes::Planes;
use super::precision::CachePrecision;
use super::rotating::Rotating;
use super::seen::Seen;

/// What one layer's attention has seen.
#[derive(Debug)]
pub struct KeyValueCache {
    layout: Layout,
    precision: CachePrecision,
    /// What keys and values are computed in, once some have come.
    computed: Dtype,
}

#[derive(Debug)]
enum Layout {
    Growing(Growing),
    Rotating(Rotating),
}

impl Default for KeyValueCache {
    fn default() -> Self {
        Self {
            layout: Layout::Growing(Growing::default()),
            precision: CachePrecision::Full,
            computed: Dtype::Float32,
        }
    }
}

impl KeyValueCache {
    /// An empty cache that keeps at most `max_size` tokens.
    pub(crate) fn rotating(max_size: i32) -> Self {
        Self {
            layout: Layout::Rotating(Rotating::new(max_size)),
            ..Self::default()
        }
    }

    /// Tokens that this layer has seen.
    pub fn offset(&self) -> i32 {
        match &self.layout {
            Layout::Growing(growing) => growing.filled,
            Layout::Rotating(rotating) => rotating.offset,
        }
    }

    /// How exactly it keeps them.
    pub fn precision(&self) -> CachePrecision {
        self.precision
    }

    /// The most tokens it keeps; `None` for all.
    pub fn max_size(&self) -> Option<i32> {
        match &self.layout {
            Layout::Growing(_) => None,
            Layout::Rotating(rotating) => Some(rotating.max_size()),
        }
    }

    /// Takes in `keys` and `values`, each `(1, key_value_heads, tokens, head_dim)`.
    pub(crate) fn update(&mut self, keys: &Array, values: &Array) -> Result<Seen> {
        self.computed = keys.dtype();
        let new = Planes::new(keys, values, self.precision)?;
        match &mut self.layout {
            Layout::Growing(growing) => growing.update(&new),
            Layout::Rotating(rotating) => rotating.update(&new),
        }
    }

    /// Converts what is kept, and all that will be, to `precision`.
    pub(crate) fn convert(&mut self, precision: CachePrecision) -> Result<()> {
        if precision == self.precision {
            return Ok(());
        }
        let computed = self.computed;
        if let Some(buffer) = self.buffer_mut() {
            let converted = buffer.in_precision(precision, computed)?;
            eval(converted.arrays())?;
            *buffer = converted;
        }
        self.precision = precision;
        Ok(())
    }

    /// Keeps at most `max_size` tokens from now on.
    pub(crate) fn bound(&mut self, max_size: i32) -> Result<()> {
        let layout = std::mem::replace(&mut self.layout, Layout::Growing(Growing::default()));
        let rotating = match layout {
            Layout::Growing(growing) => Rotating::from_growing(growing, max_size)?,
            Layout::Rotating(rotating) => rotating.resized(max_size)?,
        };
        if let Some(buffer) = rotating.buffer() {
            eval(buffer.arrays())?;
        }
        self.layout = Layout::Rotating(rotating);
        Ok(())
    }

    /// Forgets the last `tokens` tokens, and says how many it forgot: a cache that has given tokens
    /// up cannot go back.
    pub fn trim(&mut self, tokens: i32) -> i32 {
        match &mut self.layout {
            Layout::Growing(growing) => growing.trim(tokens),
            Layout::Rotating(rotating) => rotating.trim(tokens),
        }
    }

    /// Bytes of its buffers, spare positions included.
    pub fn allocated_bytes(&self) -> u64 {
        self.arrays().map(|array| array.nbytes() as u64).sum()
    }

    /// Every buffer.
    pub fn arrays(&self) -> impl Iterator<Item = &Array> {
        let buffer = match &self.layout {
            Layout::Growing(growing) => growing.buffer.as_ref(),
            Layout::Rotating(rotating) => rotating.buffer(),
        };
        buffer.into_iter().flat_map(Planes::arrays)
    }

    /// Every buffer, to be replaced.
    pub(crate) fn arrays_mut(&mut self) -> impl Iterator<Item = &mut Array> {
        self.buffer_mut().into_iter().flat_map(Planes::arrays_mut)
    }

    fn buffer_mut(&mut self) -> Option<&mut Planes> {
        match &mut self.layout {
            Layout::Growing(growing) => growing.buffer.as_mut(),
            Layout::Rotating(rotating) => rotating.buffer_mut().as_mut(),
        }
    }
}
