//! From hidden states to the heads of queries, keys and values, and back to one row per token.

use headroom_mlx::ops::split_at_indices;
use headroom_mlx::{Array, Result};

use crate::error::ModelError;
use crate::heads::Heads;
use crate::linear::{Linear, LinearShape};
use crate::tensor_source::TensorSource;

/// One matrix for each, or one for all three.
#[derive(Debug)]
pub(crate) enum Projections {
    Separate {
        query: Linear,
        key: Linear,
        value: Linear,
    },
    /// Rows of queries, then of keys, then of values.
    Fused(Linear),
}

impl Projections {
    /// Reads three matrices under these names.
    pub(crate) fn separate(
        source: &mut dyn TensorSource,
        names: [String; 3],
        heads: Heads,
        (hidden_size, has_bias): (usize, bool),
    ) -> std::result::Result<Self, ModelError> {
        let [query, key, value] = names;
        let mut linear = |name: &str, outputs| {
            let shape = LinearShape {
                inputs: hidden_size,
                outputs,
                has_bias,
            };
            Linear::read(source, name, shape)
        };
        Ok(Self::Separate {
            query: linear(&query, heads.query_width())?,
            key: linear(&key, heads.key_width())?,
            value: linear(&value, heads.key_width())?,
        })
    }

    /// Reads the matrix `name`.
    pub(crate) fn fused(
        source: &mut dyn TensorSource,
        name: &str,
        heads: Heads,
        hidden_size: usize,
    ) -> std::result::Result<Self, ModelError> {
        let outputs = heads.query_width() + 2 * heads.key_width();
        let shape = LinearShape::without_bias(hidden_size, outputs);
        Ok(Self::Fused(Linear::read(source, name, shape)?))
    }

    /// `(sequences, tokens, hidden)` to queries, keys and values, each
    /// `(sequences, heads, tokens, head_dim)`.
    pub(crate) fn forward(&self, x: &Array, heads: Heads) -> Result<[Array; 3]> {
        let [queries, keys, values] = match self {
            Self::Separate { query, key, value } => {
                [query.forward(x)?, key.forward(x)?, value.forward(x)?]
            }
            Self::Fused(linear) => parted(&linear.forward(x)?, heads)?,
        };
        Ok([
            split_heads(&queries, heads.dim)?,
            split_heads(&keys, heads.dim)?,
            split_heads(&values, heads.dim)?,
        ])
    }
}

/// Rows of a fused product, taken apart.
fn parted(fused: &Array, heads: Heads) -> Result<[Array; 3]> {
    let [first, second] = [heads.query_width(), heads.query_width() + heads.key_width()];
    let parts = split_at_indices(fused, &[first as i32, second as i32], -1)?;
    <[Array; 3]>::try_from(parts).map_err(|_| {
        headroom_mlx::Exception::custom("a split in three gave another number of parts")
    })
}

/// `(sequences, tokens, heads * head_dim)` to `(sequences, heads, tokens, head_dim)`.
pub(crate) fn split_heads(x: &Array, head_dim: usize) -> Result<Array> {
    x.reshape(&[x.dim(0), x.dim(1), -1, head_dim as i32])?
        .transpose_axes(&[0, 2, 1, 3])
}

/// `(sequences, heads, tokens, head_dim)` to `(sequences, tokens, heads * head_dim)`.
pub(crate) fn join_heads(x: &Array) -> Result<Array> {
    let [sequences, heads, tokens, head_dim] = [0, 1, 2, 3].map(|axis| x.dim(axis));
    x.transpose_axes(&[0, 2, 1, 3])?
        .reshape(&[sequences, tokens, heads * head_dim])
}
