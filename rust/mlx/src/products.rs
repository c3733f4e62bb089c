//! Matrix products for the processor at hand.
//!
//! On a GPU, MLX's own operations run. On a CPU, MLX's products over 16-bit and quantised weights
//! do not use BLAS and are ten to a hundred times slower than its float32 products, so there
//! activations are float32 and many rows are multiplied with weights expanded block by block.
//! Both ways compute the same sums from the same weights, to rounding.

use std::ops::Range;

use mlx_rs::ops::concatenate;
use mlx_rs::ops::indexing::TryIndexOp;

use crate::affine_matrix::AffineMatrix;
use crate::byte_fields::Fields;
use crate::floating_mode::FloatingMode;
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
    match (Processor::current(), matrix) {
        (Processor::Cpu, QuantizedMatrix::Affine(affine))
            if matches!(affine.bits, 2 | 4 | 8) && rows > 1 =>
        {
            multiply_by_fields(x, affine)
        }
        (Processor::Cpu, _) if rows >= expansion_pays_from(matrix) => multiply_expanded(x, matrix),
        _ => matrix.multiply_packed(x),
    }
}

/// In blocks of rows, whose values are taken apart by their place in the byte.
fn multiply_by_fields(x: &Array, matrix: &AffineMatrix) -> Result<Array> {
    let (inputs, outputs) = (x.dim(-1), matrix.weight.dim(0));
    let rows = x.reshape(&[-1, inputs])?.as_dtype(Dtype::Float32)?;
    let fields = Fields::of(&rows, matrix)?;
    let blocks = row_blocks(outputs, x, BLOCK_ELEMENTS);
    let product = in_row_blocks(&rows, blocks, |range, earlier| {
        let block = matrix.rows(range)?;
        fields.multiply(
            &after(&block.weight, earlier)?,
            &block.scales,
            &block.biases,
        )
    })?;
    let mut shape = x.shape().to_vec();
    if let Some(last) = shape.last_mut() {
        *last = outputs;
    }
    product.reshape(&shape)
}

/// In blocks of rows, which MLX expands in several steps, each with a result of its own: the blocks are
/// smaller, so that no more memory is taken than predicted.
fn multiply_expanded(x: &Array, matrix: &QuantizedMatrix) -> Result<Array> {
    let elements = match matrix {
        QuantizedMatrix::Affine(_) => BLOCK_ELEMENTS / 4,
        QuantizedMatrix::Floating(_) => BLOCK_ELEMENTS / 2,
    };
    let blocks = row_blocks(matrix.row_count(), x, elements);
    in_row_blocks(x, blocks, |rows, earlier| {
        let block = matrix.rows_after(rows, earlier)?.expand()?;
        x.matmul(block.transpose()?)
    })
}

/// Rows `indices` of a quantised matrix, expanded to float32 on a CPU and to what
/// [`QuantizedMatrix::unpack`] gives on a GPU: an embedding look-up.
pub fn rows_of_quantized(matrix: &QuantizedMatrix, indices: &Array) -> Result<Array> {
    matrix.take(indices)?.expand()
}

/// From how many rows of `x` on MLX's expansion is faster than its packed product. Measured on a
/// 768 x 2304 weight: a packed row costs the same at any width; where values straddle bytes, expanding
/// costs as much as 5 to 25 of them, with 4-bit floats as 17 to 20, and with 8-bit floats, whose packed
/// product is slow, less than one.
fn expansion_pays_from(matrix: &QuantizedMatrix) -> i32 {
    match matrix {
        QuantizedMatrix::Affine(_) => 24,
        QuantizedMatrix::Floating(matrix) => match matrix.mode {
            FloatingMode::Mxfp4 | FloatingMode::Nvfp4 => 20,
            FloatingMode::Mxfp8 => 1,
        },
    }
}

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
    use mlx_rs::ops::{abs, max};
    use mlx_rs::random;

    use crate::floating_matrix::FloatingMatrix;

    const EVERY_MODE: [FloatingMode; 3] = [
        FloatingMode::Mxfp4,
        FloatingMode::Mxfp8,
        FloatingMode::Nvfp4,
    ];

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
        let weight = random_matrix(96, 256, 1);
        let affine = [(2, 32), (3, 64), (4, 64), (5, 32), (6, 128), (8, 64)];
        let affine = affine.map(|(bits, group_size)| {
            QuantizedMatrix::Affine(AffineMatrix::pack(&weight, group_size, bits).unwrap())
        });
        let floating = EVERY_MODE
            .map(|mode| QuantizedMatrix::Floating(FloatingMatrix::pack(&weight, mode).unwrap()));
        for matrix in affine.into_iter().chain(floating) {
            let x = random_matrix(40, 256, 2);
            let together = multiply_quantized(&x, &matrix).unwrap();
            for row in [0, 17, 39] {
                let alone = multiply_quantized(&x.index(row..row + 1), &matrix).unwrap();
                let difference = largest_difference(&alone, &together.index(row..row + 1));
                assert!(difference < 1e-3, "{matrix:?}: {difference}");
            }
        }
    }

    #[test]
    fn products_and_rows_are_those_of_the_unpacked_matrix() {
        for mode in EVERY_MODE {
            let weight = random_matrix(96, 256, 5);
            let packed = FloatingMatrix::pack(&weight, mode).unwrap();
            let unpacked = packed.unpack().unwrap();
            let unpacked = unpacked.as_dtype(Dtype::Float32).unwrap();
            let error = largest_difference(&unpacked, &weight);
            assert!(error > 0.0 && error < 1.0, "{mode:?}: {error}");
            let matrix = QuantizedMatrix::Floating(packed);
            let x = random_matrix(30, 256, 6);
            let product = multiply_quantized(&x, &matrix).unwrap();
            let expected = x.matmul(unpacked.t()).unwrap();
            assert!(largest_difference(&product, &expected) < 1e-3, "{mode:?}");
            let indices = Array::from_slice(&[95u32, 0, 7], &[3]);
            let rows = rows_of_quantized(&matrix, &indices).unwrap();
            let last = largest_difference(&rows.index(0), &unpacked.index(95));
            assert_eq!(last, 0.0, "{mode:?}");
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
