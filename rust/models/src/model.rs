//! What every family offers to the rooms above.

use headroom_mlx::Array;

use crate::cache::ModelCache;
use crate::error::ModelError;

/// A loaded language model. It lives on the one thread that owns MLX.
pub trait LanguageModel {
    /// The figures that callers need to feed it.
    fn shape(&self) -> ModelShape;

    /// Logits for `tokens (1, tokens)`, uint32, which continue what `cache` has seen.
    ///
    /// Returns `(1, rows, vocabulary)` in the model's own precision, not yet evaluated.
    fn forward(
        &self,
        tokens: &Array,
        cache: &mut ModelCache,
        rows: LogitRows,
    ) -> Result<Array, ModelError>;

    /// An empty cache that fits this model.
    fn new_cache(&self) -> ModelCache {
        ModelCache::simple(self.shape().layers)
    }
}

/// Sizes of a model that do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelShape {
    /// Decoder blocks.
    pub layers: usize,
    /// Token ids, and columns of the logits.
    pub vocabulary_size: u32,
    /// The longest sequence the model was made for; `None` where its configuration does not say.
    pub context_length: Option<u32>,
}

/// Which rows of the logits to compute: the head is a large part of a prompt's cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogitRows {
    /// One row per token.
    All,
    /// The last token's row alone.
    Last,
}

/// How far loading has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadProgress {
    /// Bytes of weights read.
    pub read_bytes: u64,
    /// Bytes of weights there are.
    pub total_bytes: u64,
}
