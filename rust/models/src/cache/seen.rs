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
        match (&self.planes.keys, &self.planes.values) {
            (Plane::Quantized(keys), Plane::Quantized(values)) if queries.dim(2) == 1 => {
                single_query::attend_packed(queries, keys, values, scale)
            }
            (Plane::Dense(keys), Plane::Dense(values))
                if queries.dim(2) == 1 && Processor::current() == Processor::Cpu =>
            {
                single_query::attend_dense(queries, keys, values, scale)
            }
            (keys, values) => {
                let dtype = queries.dtype();
                self.attend_dense(queries, &keys.expand(dtype)?, &values.expand(dtype)?, scale)
            }
        }
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
