//! Grouped-query self-attention with RoPE (Ainslie et al., 2023), put together by each family from
//! the projections, norms and rotation that it has.

use headroom_mlx::ops::concatenate;
use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::{Array, Result};

use crate::cache::{KeyValueCache, Seen};
use crate::error::ModelError;
use crate::heads::Heads;
use crate::linear::Linear;
use crate::normalization::RmsNorm;
use crate::projections::{Projections, join_heads, split_heads};
use crate::rope::{Position, Rope};
use crate::tensor_source::TensorSource;

/// Attention of one layer.
#[derive(Debug)]
pub(crate) struct Attention {
    pub(crate) projections: Projections,
    /// Over each head, before RoPE.
    pub(crate) norms: HeadNorms,
    /// None in a layer that knows no positions.
    pub(crate) rope: Option<Rope>,
    pub(crate) output: Linear,
    pub(crate) heads: Heads,
    /// By which scores are multiplied.
    pub(crate) scale: f32,
}

/// RMSNorms over the width of a head, where a family has them.
#[derive(Debug, Default)]
pub(crate) struct HeadNorms {
    pub(crate) query: Option<RmsNorm>,
    pub(crate) key: Option<RmsNorm>,
    pub(crate) value: Option<RmsNorm>,
}

impl HeadNorms {
    /// Reads `q_norm` and `k_norm` of `layer`, over heads of `width`.
    pub(crate) fn of_queries_and_keys(
        source: &mut dyn TensorSource,
        layer: &str,
        width: usize,
        epsilon: f32,
    ) -> std::result::Result<Self, ModelError> {
        let mut norm = |name| RmsNorm::read(source, &format!("{layer}.{name}"), width, epsilon);
        Ok(Self {
            query: Some(norm("q_norm")?),
            key: Some(norm("k_norm")?),
            value: None,
        })
    }
}

/// What one sequence's tokens look at, and where they stand: all that another layer needs to look at
/// the same.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) seen: Seen,
    pub(crate) position: Position,
}

impl Attention {
    /// `(sequences, tokens, hidden)` to the same shape; each sequence's cache learns its tokens' keys
    /// and values.
    pub(crate) fn forward(&self, x: &Array, caches: &mut [&mut KeyValueCache]) -> Result<Array> {
        Ok(self.forward_with_views(x, caches)?.0)
    }

    /// The same, and what each sequence looked at.
    pub(crate) fn forward_with_views(
        &self,
        x: &Array,
        caches: &mut [&mut KeyValueCache],
    ) -> Result<(Array, Vec<View>)> {
        let [queries, keys, values] = self.projections.forward(x, self.heads)?;
        let queries = normalized(queries, &self.norms.query)?;
        let keys = normalized(keys, &self.norms.key)?;
        let values = normalized(values, &self.norms.value)?;
        let mut attended = Vec::with_capacity(caches.len());
        let mut views = Vec::with_capacity(caches.len());
        for (row, cache) in caches.iter_mut().enumerate() {
            let [keys, values] = [&keys, &values].map(|all| sequence(all, row));
            let view = self.look(&keys?, &values?, cache)?;
            let queries = rotated(&sequence(&queries, row)?, self.rope.as_ref(), view.position)?;
            attended.push(view.seen.attend(&queries, self.scale)?);
            views.push(view);
        }
        let attended = self.output.forward(&join_heads(&stacked(attended)?)?)?;
        Ok((attended, views))
    }

    /// Lets the cache learn `(1, key_value_heads, tokens, head_dim)`.
    fn look(&self, keys: &Array, values: &Array, cache: &mut KeyValueCache) -> Result<View> {
        let position = cache.position(keys.dim(2));
        let keys = rotated(keys, self.rope.as_ref(), position)?;
        Ok(View {
            seen: cache.update(&keys, values)?,
            position,
        })
    }
}

/// Attention of a layer that has no keys and values of its own: it looks at what an earlier one saw.
#[derive(Debug)]
pub(crate) struct SharedAttention {
    pub(crate) query: Linear,
    pub(crate) query_norm: RmsNorm,
    pub(crate) rope: Rope,
    pub(crate) output: Linear,
    pub(crate) heads: Heads,
    pub(crate) scale: f32,
}

impl SharedAttention {
    /// `(sequences, tokens, hidden)` to the same shape, through the views of another layer.
    pub(crate) fn forward(&self, x: &Array, views: &[View]) -> Result<Array> {
        let queries = split_heads(&self.query.forward(x)?, self.heads.dim)?;
        let queries = self.query_norm.forward(&queries)?;
        let attended = views.iter().enumerate().map(|(row, view)| {
            let queries = rotated(&sequence(&queries, row)?, Some(&self.rope), view.position)?;
            view.seen.attend(&queries, self.scale)
        });
        let attended = stacked(attended.collect::<Result<_>>()?)?;
        self.output.forward(&join_heads(&attended)?)
    }
}

/// Sequences stand at different positions and see different lengths, so that each attends alone.
fn sequence(all: &Array, row: usize) -> Result<Array> {
    match all.dim(0) {
        1 => Ok(all.clone()),
        _ => all.try_index(row as i32..row as i32 + 1),
    }
}

fn stacked(sequences: Vec<Array>) -> Result<Array> {
    match <[Array; 1]>::try_from(sequences) {
        Ok([only]) => Ok(only),
        Err(several) => concatenate(&several, 0),
    }
}

fn normalized(heads: Array, norm: &Option<RmsNorm>) -> Result<Array> {
    match norm {
        Some(norm) => norm.forward(&heads),
        None => Ok(heads),
    }
}

fn rotated(heads: &Array, rope: Option<&Rope>, position: Position) -> Result<Array> {
    match rope {
        Some(rope) => rope.forward(heads, position),
        None => Ok(heads.clone()),
    }
}
