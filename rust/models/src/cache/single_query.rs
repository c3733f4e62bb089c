//! Attention of one query per head, as in decode, the way that suits a CPU's products. The query heads
//! that share a key-value head become the rows of one product.

use std::ops::Range;

use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::ops::{concatenate, quantized_matmul, softmax_axis};
use headroom_mlx::{Array, Processor, Result};

use super::plane::{Plane, QuantizedPlane};
use super::planes::Planes;

/// The most elements of keys or values that are looked at together: 1 MiB. Measured with 4 heads of 64
/// and 16,384 tokens: a step over all at once took 214 ms, with blocks of 1 MiB 157, of half a MiB 165,
/// of 2 MiB 175.
const BLOCK_ELEMENTS: i32 = 1 << 18;

/// Over planes of any kind: `queries (1, heads, 1, head_dim)`, and the same shape comes back.
pub(super) fn attend(queries: &Array, planes: &Planes, scale: f32) -> Result<Array> {
    let [heads, width] = [1, 3].map(|axis| queries.dim(axis));
    let key_value_heads = planes.keys.first_array().dim(1);
    let rows = queries
        .reshape(&[1, key_value_heads, heads / key_value_heads, width])?
        .multiply(Array::from_f32(scale).as_dtype(queries.dtype())?)?;
    let blocks = blocks(planes.positions(), key_value_heads * width);
    let scores = match &planes.keys {
        Plane::Quantized(keys) if !is_expanded(keys) => multiply_packed(&rows, keys, true)?,
        keys => scores_in_blocks(&rows, keys, &blocks)?,
    };
    let shares = softmax_axis(&scores, -1, true)?;
    let attended = match &planes.values {
        Plane::Quantized(values) => multiply_packed(&shares, values, false)?,
        values => values_in_blocks(&shares, values, &blocks)?,
    };
    attended.reshape(queries.shape())
}

/// Bytes expand fast enough for BLAS to pay, where each row's product unpacks them anew.
fn is_expanded(keys: &QuantizedPlane) -> bool {
    keys.is_bytes() && Processor::current() == Processor::Cpu
}

fn multiply_packed(rows: &Array, plane: &QuantizedPlane, transpose: bool) -> Result<Array> {
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

/// Block by block: BLAS keeps a block in the processor's cache, and what is kept in fewer bits is not
/// there again in more.
fn scores_in_blocks(rows: &Array, keys: &Plane, blocks: &[Range<i32>]) -> Result<Array> {
    let mut scores = Vec::with_capacity(blocks.len());
    for positions in blocks {
        let earlier = scores.last().unwrap_or(rows);
        let block = keys.expand_after(positions, earlier, rows.dtype())?;
        scores.push(rows.matmul(block.swap_axes(2, 3)?)?);
    }
    concatenate(&scores, -1)
}

fn values_in_blocks(shares: &Array, values: &Plane, blocks: &[Range<i32>]) -> Result<Array> {
    let mut attended: Option<Array> = None;
    for positions in blocks {
        let earlier = attended.as_ref().unwrap_or(shares);
        let block = values.expand_after(positions, earlier, shares.dtype())?;
        let part = shares
            .try_index((.., .., .., positions.clone()))?
            .matmul(&block)?;
        attended = Some(match attended {
            Some(earlier) => earlier.add(&part)?,
            None => part,
        });
    }
    Ok(attended.unwrap_or_else(|| shares.clone()))
}

fn blocks(positions: i32, width: i32) -> Vec<Range<i32>> {
    let step = (BLOCK_ELEMENTS / width.max(1)).max(1);
    let starts = (0..positions).step_by(step as usize);
    starts
        .map(|start| start..positions.min(start.saturating_add(step)))
        .collect()
}
