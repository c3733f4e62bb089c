//! What a layer's queries may see, and attention over it, whatever the cache keeps it as.

use headroom_mlx::ops::fast::{ScaledDotProductAttentionMask, scaled_dot_product_attention};
use headroom_mlx::{Array, Processor, Result};

use super::plane::Plane;
use super::planes::Planes;
use super::single_query;
use super::visibility::Visibility;

/// Keys and values of everything that a chunk of tokens may look at.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) planes: Planes,
    pub(crate) visibility: Visibility,
}

impl Seen {
    /// Attention of `queries (1, heads, tokens, head_dim)`; the same shape comes back.
    pub(crate) fn attend(&self, queries: &Array, scale: f32) -> Result<Array> {
        let is_dense = matches!(self.planes.keys, Plane::Dense(_));
        let is_fused = is_dense && Processor::current() == Processor::Gpu;
        if queries.dim(2) == 1 && !is_fused {
            return single_query::attend(queries, &self.planes, scale);
        }
        let dtype = queries.dtype();
        let keys = self.planes.keys.expand(dtype)?;
        self.attend_dense(queries, &keys, &self.planes.values.expand(dtype)?, scale)
    }

    /// Many queries cost less over expanded keys and values: MLX's fused attention reads them once.
    fn attend_dense(
        &self,
        queries: &Array,
        keys: &Array,
        values: &Array,
        scale: f32,
    ) -> Result<Array> {
        let array;
        let mask = match &self.visibility {
            Visibility::All => None,
            Visibility::Causal => Some(ScaledDotProductAttentionMask::Causal),
            Visibility::Window(window) => {
                array = window.mask()?;
                Some(ScaledDotProductAttentionMask::Array(&array))
            }
            Visibility::Chunks(chunks) => {
                array = chunks.mask()?;
                Some(ScaledDotProductAttentionMask::Array(&array))
            }
        };
        scaled_dot_product_attention(queries, keys, values, scale, mask, None)
    }
}
