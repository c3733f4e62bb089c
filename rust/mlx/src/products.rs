//! Matrix products for the processor at hand.
//!
//! On a GPU, MLX's own operations run. On a CPU, MLX's products over 16-bit and quantised weights
//! do not use BLAS and are ten to a hundred times slower than its float32 products, so there
//! activations are float32 and many rows are multiplied with weights expanded block by block.
//! Both ways compute the same sums from the same weights, to rounding.

use std::ops::Range;

use mlx_rs::ops::indexing::{TryIndexOp, take_axis};
use mlx_rs::ops::{concatenate, quantized_matmul};

use crate::byte_fields::Fields;
use crate::ordering::after;
use crate::quantized_matrix::QuantizedMatrix;
use crate::{Array, Dtype, Processor, Result};

/// The most elements of a weight that are widened or expanded at once: 1 MiB.
/// MLX allocates results when it hands work to its thread, up to some ten steps ahead of it, so that
/// several blocks are alive at a time.
const BLOCK_ELEMENTS: i32 = 1 << 18;

/// Lets BLAS take its buffers now, so that they count as used before anything is weighed against what
/// is left: OpenBLAS maps 128 MiB of addresses at the first product of a process.
pub fn warm_up_products() -> Result<()> {
    let matrix = Array::from_slice(&[1.0f32; 64 * 64], &[64, 64]);
    matrix.matmul(&matrix)?.eval()
}

/// `x · weightᵀ` for `x (..., in)` and a dense `weight (out, in)`.
pub fn multiply_dense(x: &Array, weight: &Array) -> Result<Array> {
    if x.dtype() == weight.dtype() || Processor::current() == Processor::Gpu {
        return x.matmul(weight.transpose()?);
    }
    in_row_blocks(
        x,
        row_blocks(weight.dim(0), x, BLOCK_ELEMENTS),
        |rows, earlier| {
            let block = after(&weight.try_index(rows)?, earlier)?.as_dtype(x.dtype())?;
            x.matmul(block.transpose()?)
        },
    )
}

/// `x · weightᵀ` for `x (..., in)` and a quantised matrix.
pub fn multiply_quantized(x: &Array, matrix: &QuantizedMatrix) -> Result<Array> {
    let rows = x.size() as i32 / x.dim(-1).max(1);
    match (Processor::current(), matrix.bits) {
        (Processor::Gpu, _) => multiply_packed(x, matrix),
        (Processor::Cpu, 2 | 4 | 8) if rows > 1 => multiply_by_fields(x, matrix),
        (Processor::Cpu, 3 | 5 | 6) if rows >= EXPANSION_PAYS_FROM => multiply_expanded(x, matrix),
        (Processor::Cpu, _) => multiply_packed(x, matrix),
    }
}

/// In blocks of rows, whose values are taken apart by their place in the byte.
fn multiply_by_fields(x: &Array, matrix: &QuantizedMatrix) -> Result<Array> {
    let (inputs, outputs) = (x.dim(-1), matrix.weight.dim(0));
    let rows = x.reshape(&[-1, inputs])?.as_dtype(Dtype::Float32)?;
    let fields = Fields::of(&rows, matrix)?;
    let blocks = row_blocks(outputs, x, BLOCK_ELEMENTS);
    let product = in_row_blocks(&rows, blocks, |range, earlier| {
        fields.multiply(
            &after(&matrix.weight.try_index(range.clone())?, earlier)?,
            &matrix.scales.try_index(range.clone())?,
            &matrix.biases.try_index(range)?,
        )
    })?;
    let mut shape = x.shape().to_vec();
    if let Some(last) = shape.last_mut() {
        *last = outputs;
    }
    product.reshape(&shape)
}

/// In blocks of rows, which MLX expands.
fn multiply_expanded(x: &Array, matrix: &QuantizedMatrix) -> Result<Array> {
    in_row_blocks(
        x,
        row_blocks(matrix.weight.dim(0), x, BLOCK_ELEMENTS),
        |rows, earlier| {
            let block = matrix.expand(
                &after(&matrix.weight.try_index(rows.clone())?, earlier)?,
                &matrix.scales.try_index(rows.clone())?,
                &matrix.biases.try_index(rows)?,
            )?;
            x.matmul(block.transpose()?)
        },
    )
}

/// Rows `indices` of a quantised matrix, expanded to its scales' type on a GPU and to float32 on a
/// CPU: an embedding look-up.
pub fn rows_of_quantized(matrix: &QuantizedMatrix, indices: &Array) -> Result<Array> {
    matrix.expand(
        &take_axis(&matrix.weight, indices, 0)?,
        &take_axis(&matrix.scales, indices, 0)?,
        &take_axis(&matrix.biases, indices, 0)?,
    )
}

fn multiply_packed(x: &Array, matrix: &QuantizedMatrix) -> Result<Array> {
    quantized_matmul(
        x,
        &matrix.weight,
        &matrix.scales,
        &matrix.biases,
        true,
        matrix.group_size,
        matrix.bits,
    )
}

/// From how many rows of `x` on MLX's expansion is faster than its packed product, where values straddle
/// bytes. Measured: a packed row costs the same at any width, and expanding as much as 5 to 25 of them.
const EXPANSION_PAYS_FROM: i32 = 24;

/// The rows of a weight in ranges of at most `elements` elements.
fn row_blocks(rows: i32, x: &Array, elements: i32) -> Vec<Range<i32>> {
    let step = (elements / x.dim(-1).max(1)).max(1);
    let starts = (0..rows).step_by(step as usize);
    starts.map(|start| start..rows.min(start + step)).collect()
}

/// Runs `product` over blocks of a weight's rows, one after the other, and joins the results on the
/// last axis. `product` gets the rows and what its block must wait for.
fn in_row_blocks(
    x: &Array,
    blocks: Vec<Range<i32>>,
    product: impl Fn(Range<i32>, &Array) -> Result<Array>,
) -> Result<Array> {
    let mut products: Vec<Array> = Vec::with_capacity(blocks.len());
    for rows in blocks {
        let block = product(rows, products.last().unwrap_or(x))?;
        products.push(block);
    }
    match products.as_slice() {
        [only] => Ok(only.clone()),
        several => concatenate(several, -1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlx_rs::ops::indexing::IndexOp;
    use mlx_rs::ops::{abs, max, quantize};
    use mlx_rs::random;

    fn random_matrix(rows: i32, columns: i32, seed: u64) -> Array {
        let key = random::key(seed).unwrap();
        random::normal::<f32>(&[rows, columns], None, None, &key).unwrap()
    }

    fn largest_difference(a: &Array, b: &Array) -> f32 {
        let difference =
            abs(a.as_dtype(Dtype::Float32).unwrap() - b.as_dtype(Dtype::Float32).unwrap()).unwrap();
        max(&difference, None).unwrap().item_exact::<f32>()
    }

    #[test]
    fn quantised_products_do_not_depend_on_the_number_of_rows() {
        for (bits, group_size) in [(2, 32), (3, 64), (4, 64), (5, 32), (6, 128), (8, 64)] {
            let (weight, scales, biases) =
                quantize(random_matrix(96, 256, 1), group_size, bits).unwrap();
            let matrix = QuantizedMatrix {
                weight,
                scales,
                biases,
                group_size,
                bits,
            };
            let x = random_matrix(40, 256, 2);
            let together = multiply_quantized(&x, &matrix).unwrap();
            for row in [0, 17, 39] {
                let alone = multiply_quantized(&x.index(row..row + 1), &matrix).unwrap();
                let difference = largest_difference(&alone, &together.index(row..row + 1));
                assert!(
                    difference < 1e-3,
                    "{bits} bits, group {group_size}: {difference}"
                );
            }
        }
    }

    #[test]
    fn blocks_join_to_the_whole_product() {
        let (rows, columns) = (9, 1 << 19);
        let weight = random_matrix(rows, columns, 3)
            .as_dtype(Dtype::Bfloat16)
            .unwrap();
        let x = random_matrix(2, columns, 4);
        let blocked = multiply_dense(&x, &weight).unwrap();
        let whole = x
            .matmul(weight.as_dtype(Dtype::Float32).unwrap().t())
            .unwrap();
        assert_eq!(blocked.shape(), &[2, rows]);
        assert!(largest_difference(&blocked, &whole) < 1e-1);
    }
}
