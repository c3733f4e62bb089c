//! What a block's gradient needs of its way forward.

use headroom_mlx::Array;
use headroom_mlx::Result;
use headroom_mlx::ops::transforms::eval;

/// Values of one block, for `n` tokens in all rows together. Normalised inputs are left out: one
/// product makes them again from what their rows were multiplied by.
#[derive(Debug)]
pub(crate) struct Activations {
    /// What the block was given, `(n, width)`.
    pub(crate) input: Array,
    /// What normalised its rows, `(n, 1)`.
    pub(crate) input_factors: Array,
    /// Normalised and rotated, `(rows, heads, tokens, head_dim)`.
    pub(crate) queries: Array,
    /// What normalised them, `(rows, heads, tokens, 1)`.
    pub(crate) query_factors: Array,
    /// As the queries.
    pub(crate) keys: Array,
    /// As the queries'.
    pub(crate) key_factors: Array,
    /// As the queries, as they were projected.
    pub(crate) values: Array,
    /// What attention found, as the queries.
    pub(crate) found: Array,
    /// Behind attention, `(n, width)`.
    pub(crate) middle: Array,
    /// What normalised its rows, `(n, 1)`.
    pub(crate) middle_factors: Array,
    /// What the MLP is open for, before it is squared, `(n, 4 · width)`.
    pub(crate) open: Array,
}

impl Activations {
    /// Computes all of them, and what comes out of the block with them.
    pub(crate) fn eval_with(&self, output: &Array) -> Result<()> {
        eval([
            &self.input_factors,
            &self.queries,
            &self.query_factors,
            &self.keys,
            &self.key_factors,
            &self.values,
            &self.middle,
            &self.middle_factors,
            &self.open,
            output,
        ])
    }
}
