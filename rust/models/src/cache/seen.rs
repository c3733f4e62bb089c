//! What a layer's queries may see, and attention over it, whatever the cache keeps it as.

use headroom_mlx::ops::fast::{ScaledDotProductAttentionMask, scaled_dot_product_attention};
use headroom_mlx::ops::{quantized_matmul, softmax_axis};
use headroom_mlx::{Array, Result};

use super::plane::{Plane, QuantizedPlane};
use super::planes::Planes;
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
                attend_packed(queries, keys, values, scale)
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

/// One query per head over packed keys and values, which are never expanded. The query heads that
/// share a key-value head become the rows of one product.
fn attend_packed(
    queries: &Array,
    keys: &QuantizedPlane,
    values: &QuantizedPlane,
    scale: f32,
) -> Result<Array> {
    let [heads, width] = [1, 3].map(|axis| queries.dim(axis));
    let key_value_heads = keys.weight.dim(1);
    let rows = [1, key_value_heads, heads / key_value_heads, width];
    let queries = queries.reshape(&rows)?.multiply(Array::from_f32(scale))?;
    let scores = multiply(&queries, keys, true)?;
    let shares = softmax_axis(&scores, -1, true)?;
    multiply(&shares, values, false)?.reshape(&[1, heads, 1, width])
}

fn multiply(rows: &Array, plane: &QuantizedPlane, transpose: bool) -> Result<Array> {
    let (scales, biases) = plane.scales_and_biases(rows.dtype())?;
    quantized_matmul(
        rows,
        &plane.weight,
        &scales,
        &biases,
        transpose,
        plane.quantization.group_size,
        plane.quantization.bits,
    )
}
