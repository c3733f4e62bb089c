//! What a layer's queries may see, and attention over it, whatever the cache keeps it as.

use headroom_mlx::ops::fast::{ScaledDotProductAttentionMask, scaled_dot_product_attention};
use headroom_mlx::ops::{arange, concatenate, quantized_matmul, softmax_axis};
use headroom_mlx::{Array, Result};

use super::planes::{Plane, Planes, QuantizedPlane};

/// Keys and values of everything that a chunk of tokens may look at.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) planes: Planes,
    pub(crate) visibility: Visibility,
}

/// Which of the positions each query sees.
#[derive(Debug)]
pub(crate) enum Visibility {
    /// All of them: there is one query, the newest.
    All,
    /// Those up to its own.
    Causal,
    /// The sinks and the most recent of those up to its own.
    Window(Window),
}

/// `columns` positions in order, the last `rows` of which are the queries' own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Tokens before the first query.
    pub(crate) first_row: i32,
    pub(crate) rows: i32,
    pub(crate) columns: i32,
    /// First tokens that are always seen.
    pub(crate) sinks: i32,
    /// How many tokens each query sees besides, its own included.
    pub(crate) recent: i32,
}

impl Visibility {
    pub(crate) fn of_rows(rows: i32) -> Self {
        match rows {
            1 => Self::All,
            _ => Self::Causal,
        }
    }
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
    let scores = multiply(&queries.as_dtype(keys.scales.dtype())?, keys, true)?;
    let shares = softmax_axis(&scores, -1, true)?;
    multiply(&shares, values, false)?.reshape(&[1, heads, 1, width])
}

fn multiply(rows: &Array, plane: &QuantizedPlane, transpose: bool) -> Result<Array> {
    quantized_matmul(
        rows,
        &plane.weight,
        &plane.scales,
        &plane.biases,
        transpose,
        plane.quantization.group_size,
        plane.quantization.bits,
    )
}

impl Window {
    /// Plain causal attention as long as nothing is out of sight.
    pub(crate) fn visibility(self) -> Visibility {
        match self.first_row + self.rows <= self.sinks + self.recent {
            true => Visibility::Causal,
            false => Visibility::Window(self),
        }
    }

    /// `(rows, columns)`, true where a query sees a position.
    fn mask(&self) -> Result<Array> {
        let rows = arange::<i32, i32>(self.first_row, self.first_row + self.rows, 1)?
            .reshape(&[self.rows, 1])?;
        let columns = self.column_positions()?;
        let is_past = columns.le(&rows)?;
        let is_sink = columns.lt(Array::from_int(self.sinks))?;
        let is_recent = columns.gt(&rows.subtract(Array::from_int(self.recent))?)?;
        is_past.logical_and(is_sink.logical_or(is_recent)?)
    }

    /// The token at each column: the sinks, then the last ones without a gap.
    fn column_positions(&self) -> Result<Array> {
        let end = self.first_row + self.rows;
        let gap_free = self.columns == end;
        if gap_free {
            return arange::<i32, i32>(0, end, 1);
        }
        let last = self.columns - self.sinks;
        concatenate(
            &[
                arange::<i32, i32>(0, self.sinks, 1)?,
                arange::<i32, i32>(end - last, end, 1)?,
            ],
            0,
        )
    }
}
