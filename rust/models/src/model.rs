//! What every family offers to the rooms above.

use headroom_mlx::Array;

use crate::cache::{CacheLayout, ModelCache};
use crate::error::ModelError;
use crate::rope::RopeStretch;
use crate::table::EmbeddingPlacement;

/// A loaded language model. It lives on the one thread that owns MLX.
pub trait LanguageModel {
    /// The figures that callers need to feed it.
    fn shape(&self) -> &ModelShape;

    /// Logits for `tokens (sequences, tokens)`, uint32; row `i` continues what `caches[i]` has seen,
    /// and sequences may be of any length.
    ///
    /// Returns `(sequences, rows, vocabulary)` in the model's own precision, not yet evaluated.
    fn forward(
        &self,
        tokens: &Array,
        caches: &mut [&mut ModelCache],
        rows: LogitRows,
    ) -> Result<Array, ModelError>;

    /// An empty cache that fits this model.
    fn new_cache(&self, layout: CacheLayout) -> ModelCache {
        ModelCache::new(self.shape(), layout)
    }
}

/// Sizes of a model that do not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelShape {
    /// Width of the residual stream.
    pub hidden_size: u32,
    /// How many such streams there are: one, but for Gemma 3n.
    pub residual_streams: u32,
    /// Width of the widest MLP.
    pub intermediate_size: u32,
    /// Whether MLPs multiply two products of that width: all but nanochat's do.
    pub mlp_is_gated: bool,
    /// Query heads of the layer that has the most.
    pub heads: u32,
    /// Token ids, and columns of the logits.
    pub vocabulary_size: u32,
    /// The longest sequence the model was made for; `None` where its configuration does not say.
    pub context_length: Option<u32>,
    /// How angles depend on a sequence's length.
    pub rope_stretch: RopeStretch,
    /// The layers that keep keys and values, first to last.
    pub layers: Vec<LayerShape>,
}

/// What one layer keeps of each token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerShape {
    /// Heads of keys and values.
    pub key_value_heads: u32,
    /// Width of a head.
    pub head_dim: u32,
    /// How many tokens each token sees, itself included; `None` for all before it.
    pub window: Option<u32>,
}

/// What is known of a model before anything of it is loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelOutline {
    /// `model_type` of its configuration.
    pub family: &'static str,
    /// Its sizes.
    pub shape: ModelShape,
    /// What its weights take in memory, from the first one read on: none is ever there twice.
    pub weights_bytes: u64,
    /// The same where the embedding stays in its file; no less where the head shares it.
    pub weights_bytes_without_embedding: u64,
    /// Whether its matrices are packed integers.
    pub weights_are_quantized: bool,
}

impl ModelOutline {
    /// What the weights take in memory when the embedding lies there.
    pub fn weights_bytes_with(&self, embedding: EmbeddingPlacement) -> u64 {
        match embedding {
            EmbeddingPlacement::Memory => self.weights_bytes,
            EmbeddingPlacement::File => self.weights_bytes_without_embedding,
        }
    }
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
