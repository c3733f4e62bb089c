//! Causal attention in chunks of queries, and its gradient: never are the scores of more than one chunk
//! there, and none are computed for keys that no query of the chunk may see.

use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::ops::transforms::eval;
use headroom_mlx::ops::{add, concatenate, softmax_axis, zeros_like};
use headroom_mlx::{Array, Result};

/// How queries are cut, and what scores are multiplied by.
#[derive(Debug)]
pub(crate) struct AttentionChunks {
    chunks: Vec<Chunk>,
    scale: f32,
}

/// One chunk of queries, and the keys before its end.
#[derive(Debug)]
struct Chunk {
    start: i32,
    end: i32,
    /// What is added to its scores, `(queries, keys)`: nothing, or what leaves no share.
    mask: Array,
}

/// The gradients of an attention's three inputs.
pub(crate) struct AttentionGradients {
    pub(crate) queries: Array,
    pub(crate) keys: Array,
    pub(crate) values: Array,
}

/// What attention was computed from and what came out, each `(rows, heads, tokens, head_dim)`.
pub(crate) struct Attended<'a> {
    pub(crate) queries: &'a Array,
    pub(crate) keys: &'a Array,
    pub(crate) values: &'a Array,
    pub(crate) output: &'a Array,
}

impl AttentionChunks {
    /// Rows of `tokens` in chunks of at most `chunk` queries; heads as wide as `head_dim`.
    pub(crate) fn new(tokens: usize, chunk: usize, head_dim: usize) -> Self {
        let (tokens, chunk) = (tokens as i32, chunk.clamp(1, tokens) as i32);
        let starts = (0..tokens).step_by(chunk as usize);
        Self {
            chunks: starts
                .map(|start| Chunk::new(start, (start + chunk).min(tokens)))
                .collect(),
            scale: 1.0 / (head_dim as f32).sqrt(),
        }
    }

    /// What each query finds among the keys up to its own.
    pub(crate) fn forward(&self, queries: &Array, keys: &Array, values: &Array) -> Result<Array> {
        let each = self.chunks.iter().map(|chunk| {
            let shares = self.shares(chunk, queries, keys)?;
            let found = shares.matmul(chunk.seen(values)?)?;
            found.eval()?;
            Ok(found)
        });
        concatenate(&each.collect::<Result<Vec<_>>>()?, 2)
    }

    /// The gradients of queries, keys and values from that of the output. Chunks are walked from the last:
    /// behind a chunk no later query adds to the gradient of its keys, so that part is done.
    pub(crate) fn backward(
        &self,
        attended: &Attended,
        gradient: &Array,
    ) -> Result<AttentionGradients> {
        let mut open = [zeros_like(attended.keys)?, zeros_like(attended.values)?];
        let mut done: [Vec<Array>; 3] = Default::default();
        for chunk in self.chunks.iter().rev() {
            let [of_queries, of_keys, of_values] = self.of_chunk(chunk, attended, gradient)?;
            let [keys, values] = &open;
            let sums = [add(keys, of_keys)?, add(values, of_values)?];
            let [keys, values] = &sums;
            // Copies, for a part of an array keeps all of it.
            let parts = [
                of_queries,
                chunk.own(keys)?.contiguous()?,
                chunk.own(values)?.contiguous()?,
            ];
            open = [chunk.before(keys)?, chunk.before(values)?];
            eval(parts.iter().chain(&open))?;
            for (done, part) in done.iter_mut().zip(parts) {
                done.insert(0, part);
            }
        }
        let [queries, keys, values] = done;
        Ok(AttentionGradients {
            queries: concatenate(&queries, 2)?,
            keys: concatenate(&keys, 2)?,
            values: concatenate(&values, 2)?,
        })
    }

    /// What a chunk gives to the gradients of its queries, and of the keys and values that they see.
    fn of_chunk(&self, chunk: &Chunk, attended: &Attended, gradient: &Array) -> Result<[Array; 3]> {
        let (seen_keys, seen_values) = (chunk.seen(attended.keys)?, chunk.seen(attended.values)?);
        let (queries, gradient) = (chunk.own(attended.queries)?, chunk.own(gradient)?);
        let shares = self.shares(chunk, attended.queries, attended.keys)?;
        let of_values = transposed(&shares)?.matmul(&gradient)?;
        let kept = gradient.multiply(chunk.own(attended.output)?)?;
        let kept = kept.sum_axis(-1, true)?;
        let of_shares = gradient.matmul(transposed(&seen_values)?)?;
        let of_scores = shares.multiply(of_shares.subtract(kept)?)?;
        let scale = Array::from_f32(self.scale).as_dtype(queries.dtype())?;
        let of_queries = of_scores.matmul(&seen_keys)?.multiply(&scale)?;
        let of_keys = transposed(&of_scores)?.matmul(queries.multiply(&scale)?)?;
        Ok([of_queries, of_keys, of_values])
    }

    /// How a chunk's queries share their attention, `(rows, heads, queries, keys)`.
    fn shares(&self, chunk: &Chunk, queries: &Array, keys: &Array) -> Result<Array> {
        let scale = Array::from_f32(self.scale).as_dtype(queries.dtype())?;
        let queries = chunk.own(queries)?.multiply(scale)?;
        let scores = queries.matmul(transposed(&chunk.seen(keys)?)?)?;
        let mask = chunk.mask.as_dtype(scores.dtype())?;
        softmax_axis(scores.add(mask)?, -1, true)
    }
}

impl Chunk {
    fn new(start: i32, end: i32) -> Self {
        let seen = |query| (0..end).map(move |key| key <= query);
        let values = (start..end).flat_map(seen);
        let values: Vec<f32> = values
            .map(|is_seen| if is_seen { 0.0 } else { f32::NEG_INFINITY })
            .collect();
        let mask = Array::from_slice(&values, &[end - start, end]);
        Self { start, end, mask }
    }

    /// Its own tokens of `(rows, heads, tokens, head_dim)`.
    fn own(&self, x: &Array) -> Result<Array> {
        x.try_index((.., .., self.start..self.end))
    }

    /// The tokens that it sees: its own and all before.
    fn seen(&self, x: &Array) -> Result<Array> {
        x.try_index((.., .., ..self.end))
    }

    fn before(&self, x: &Array) -> Result<Array> {
        x.try_index((.., .., ..self.start))
    }
}

fn transposed(x: &Array) -> Result<Array> {
    x.swap_axes(-1, -2)
}
