//! Attention of one query per head, as in decode, the way that suits a CPU's products. The query heads
//! that share a key-value head become the rows of one product.

use std::ops::Range;

use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::ops::{concatenate, quantized_matmul, softmax_axis};
use headroom_mlx::{Array, Result, after};

use super::plane::QuantizedPlane;

/// The most elements of keys or values that are looked at together: 1 MiB. Measured with 4 heads of 64
/// and 16,384 tokens: a step over all at once took 214 ms, with blocks of 1 MiB 157, of half a MiB 165,
/// of 2 MiB 175.
const BLOCK_ELEMENTS: i32 = 1 << 18;

/// Over packed keys and values, which are never expanded.
pub(super) fn attend_packed(
    queries: &Array,
    keys: &QuantizedPlane,
    values: &QuantizedPlane,
    scale: f32,
) -> Result<Array> {
    let rows = scaled_rows(queries, keys.weight.dim(1), scale)?;
    let scores = multiply(&rows, keys, true)?;
    let shares = softmax_axis(&scores, -1, true)?;
    multiply(&shares, values, false)?.reshape(queries.shape())
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

/// Block by block: BLAS keeps a block in the processor's cache, and 16-bit keys and values are widened
/// without being there again in twice the bits.
pub(super) fn attend_dense(
    queries: &Array,
    keys: &Array,
    values: &Array,
    scale: f32,
) -> Result<Array> {
    let rows = scaled_rows(queries, keys.dim(1), scale)?;
    let blocks = blocks_of(keys);
    let mut scores = Vec::with_capacity(blocks.len());
    for positions in &blocks {
        let block = widened(keys, positions, scores.last().unwrap_or(&rows), &rows)?;
        scores.push(rows.matmul(block.swap_axes(2, 3)?)?);
    }
    let shares = softmax_axis(&concatenate(&scores, -1)?, -1, true)?;
    let mut attended: Option<Array> = None;
    for positions in &blocks {
        let block = widened(
            values,
            positions,
            attended.as_ref().unwrap_or(&shares),
            &rows,
        )?;
        let part = shares
            .try_index((.., .., .., positions.clone()))?
            .matmul(&block)?;
        attended = Some(match attended {
            Some(earlier) => earlier.add(&part)?,
            None => part,
        });
    }
    attended.unwrap_or(shares).reshape(queries.shape())
}

/// `(1, heads, 1, width)` to `(1, key_value_heads, heads of each, width)`, times `scale`.
fn scaled_rows(queries: &Array, key_value_heads: i32, scale: f32) -> Result<Array> {
    let [heads, width] = [1, 3].map(|axis| queries.dim(axis));
    queries
        .reshape(&[1, key_value_heads, heads / key_value_heads, width])?
        .multiply(Array::from_f32(scale))
}

fn blocks_of(plane: &Array) -> Vec<Range<i32>> {
    let [heads, positions, width] = [1, 2, 3].map(|axis| plane.dim(axis));
    let step = (BLOCK_ELEMENTS / (heads * width).max(1)).max(1);
    let starts = (0..positions).step_by(step as usize);
    starts
        .map(|start| start..positions.min(start.saturating_add(step)))
        .collect()
}

/// A block in the type of `rows`, not before `earlier` is done: MLX would widen all of them
/// first.
fn widened(plane: &Array, positions: &Range<i32>, earlier: &Array, rows: &Array) -> Result<Array> {
    let block = plane.try_index((.., .., positions.clone(), ..))?;
    after(&block, earlier)?.as_dtype(rows.dtype())
}
