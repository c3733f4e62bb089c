//! One block, forward and backward.
//!
//! `middle = x + output(attention(norm(x)))`, `y = middle + project(relu(expand(norm(middle)))²)`.

use headroom_mlx::ops::transforms::eval;
use headroom_mlx::ops::{add, maximum};
use headroom_mlx::{Array, Result};

use crate::model::activations::Activations;
use crate::model::attention::{Attended, AttentionChunks};
use crate::model::gradients::GradientSum;
use crate::model::normalization::{Normalized, normalize, normalize_backward, rescale};
use crate::model::parameters::BlockMatrices;
use crate::model::rotation::Rotation;

/// What all blocks of a model compute alike.
#[derive(Debug)]
pub(crate) struct BlockLayout {
    /// Rows that are computed together.
    pub(crate) rows: i32,
    pub(crate) heads: i32,
    pub(crate) rotation: Rotation,
    pub(crate) attention: AttentionChunks,
}

/// A block's matrices, each `(outputs, inputs)`, with the layout they are used in.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a> {
    pub(crate) matrices: &'a BlockMatrices<Array>,
    pub(crate) layout: &'a BlockLayout,
}

impl Block<'_> {
    /// Everything up to the MLP's last product, for `x (n, width)`.
    pub(crate) fn activations(&self, x: &Array) -> Result<Activations> {
        let Normalized {
            rows,
            factors: input_factors,
        } = normalize(x)?;
        let matrices = self.matrices;
        let query = self.turned_heads(&rows, &matrices.query)?;
        let key = self.turned_heads(&rows, &matrices.key)?;
        let values = self.heads(&times(&rows, &matrices.value)?)?;
        eval([
            &query.rows,
            &query.factors,
            &key.rows,
            &key.factors,
            &values,
            &input_factors,
        ])?;
        drop(rows);
        let attention = &self.layout.attention;
        let found = attention.forward(&query.rows, &key.rows, &values)?;
        let middle = x.add(times(&self.joined(&found)?, &matrices.output)?)?;
        let Normalized {
            rows,
            factors: middle_factors,
        } = normalize(&middle)?;
        let open = maximum(
            times(&rows, &matrices.expand)?,
            Array::from_f32(0.0).as_dtype(x.dtype())?,
        )?;
        Ok(Activations {
            input: x.clone(),
            input_factors,
            queries: query.rows,
            query_factors: query.factors,
            keys: key.rows,
            key_factors: key.factors,
            values,
            found,
            middle,
            middle_factors,
            open,
        })
    }

    /// What comes out of the block, `(n, width)`.
    pub(crate) fn output(&self, activations: &Activations) -> Result<Array> {
        let squared = activations.open.square()?;
        let added = times(&squared, &self.matrices.project)?;
        activations.middle.add(added)
    }

    /// The gradient of the block's input from that of its output, `(n, width)` both; what its matrices
    /// get is added to `sums`.
    pub(crate) fn backward(
        &self,
        activations: Activations,
        gradient: &Array,
        sums: &mut BlockMatrices<GradientSum>,
    ) -> Result<Array> {
        let of_middle = self.mlp_backward(&activations, gradient, sums)?;
        self.attention_backward(activations, &of_middle, sums)
    }

    fn mlp_backward(
        &self,
        activations: &Activations,
        gradient: &Array,
        sums: &mut BlockMatrices<GradientSum>,
    ) -> Result<Array> {
        let Activations {
            middle,
            middle_factors,
            open,
            ..
        } = activations;
        sums.project.add_product(gradient, &open.square()?)?;
        let two = Array::from_f32(2.0).as_dtype(open.dtype())?;
        let of_squared = gradient.multiply(two)?.matmul(&self.matrices.project)?;
        let of_open = of_squared.multiply(open)?;
        let rows = rescale(middle, middle_factors)?;
        sums.expand.add_product(&of_open, &rows)?;
        let of_rows = of_open.matmul(&self.matrices.expand)?;
        let of_middle = gradient.add(normalize_backward(&of_rows, &rows, middle_factors)?)?;
        eval([&of_middle])?;
        Ok(of_middle)
    }

    fn attention_backward(
        &self,
        activations: Activations,
        gradient: &Array,
        sums: &mut BlockMatrices<GradientSum>,
    ) -> Result<Array> {
        let Activations {
            input,
            input_factors,
            queries,
            query_factors,
            keys,
            key_factors,
            values,
            found,
            ..
        } = activations;
        sums.output.add_product(gradient, &self.joined(&found)?)?;
        let of_found = self.heads(&gradient.matmul(&self.matrices.output)?)?;
        let attended = Attended {
            queries: &queries,
            keys: &keys,
            values: &values,
            output: &found,
        };
        let of = self.layout.attention.backward(&attended, &of_found)?;
        let of_queries = self.turned_backward(&of.queries, &queries, &query_factors)?;
        let of_keys = self.turned_backward(&of.keys, &keys, &key_factors)?;
        let of_values = self.joined(&of.values)?;
        let rows = rescale(&input, &input_factors)?;
        sums.query.add_product(&of_queries, &rows)?;
        sums.key.add_product(&of_keys, &rows)?;
        sums.value.add_product(&of_values, &rows)?;
        let matrices = self.matrices;
        let of_rows = add(
            of_queries.matmul(&matrices.query)?,
            of_keys.matmul(&matrices.key)?,
        )?;
        let of_rows = of_rows.add(of_values.matmul(&matrices.value)?)?;
        let of_input = gradient.add(normalize_backward(&of_rows, &rows, &input_factors)?)?;
        eval([&of_input])?;
        Ok(of_input)
    }

    /// Projected, in heads, normalised and rotated. A rotation does not change a head's size, so the two
    /// may come in either order.
    fn turned_heads(&self, rows: &Array, matrix: &Array) -> Result<Normalized> {
        let Normalized { rows, factors } = normalize(&self.heads(&times(rows, matrix)?)?)?;
        Ok(Normalized {
            rows: self.layout.rotation.forward(&rows)?,
            factors,
        })
    }

    /// The gradient of what was projected, `(n, width)`, from that of the `turned` heads.
    fn turned_backward(&self, gradient: &Array, turned: &Array, factors: &Array) -> Result<Array> {
        let gradient = normalize_backward(gradient, turned, factors)?;
        self.joined(&self.layout.rotation.backward(&gradient)?)
    }

    /// `(n, width)` as `(rows, heads, tokens, head_dim)`
    fn heads(&self, x: &Array) -> Result<Array> {
        let BlockLayout { rows, heads, .. } = *self.layout;
        let apart = x.reshape(&[rows, -1, heads, x.dim(-1) / heads])?;
        apart.transpose_axes(&[0, 2, 1, 3])
    }

    /// `(rows, heads, tokens, head_dim)` as `(n, width)`
    fn joined(&self, x: &Array) -> Result<Array> {
        let width = x.dim(1) * x.dim(3);
        x.transpose_axes(&[0, 2, 1, 3])?.reshape(&[-1, width])
    }
}

/// `x · matrixᵀ`
fn times(x: &Array, matrix: &Array) -> Result<Array> {
    x.matmul(matrix.transpose()?)
}
