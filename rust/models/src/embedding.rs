//! Token embedding, whose weight a head may share.

use headroom_mlx::{Array, Result};

use crate::error::ModelError;
use crate::linear::Matrix;
use crate::tensor_source::TensorSource;

/// Rows of a `(vocabulary, hidden)` matrix.
#[derive(Debug)]
pub(crate) struct Embedding {
    weight: Matrix,
}

impl Embedding {
    pub(crate) fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        vocabulary: usize,
        hidden: usize,
    ) -> std::result::Result<Self, ModelError> {
        Ok(Self {
            weight: Matrix::read(source, layer, vocabulary, hidden)?,
        })
    }

    /// A table that stays in its file, of which rows are read as they are asked for.
    pub(crate) fn read_rows_from_file(
        source: &mut dyn TensorSource,
        layer: &str,
        vocabulary: usize,
        width: usize,
    ) -> std::result::Result<Self, ModelError> {
        Self::read(source, layer, vocabulary, width)
    }

    /// `(sequences, tokens)` ids to `(sequences, tokens, hidden)`.
    pub(crate) fn forward(&self, tokens: &Array) -> Result<Array> {
        self.weight.rows(tokens)
    }

    /// `(sequences, rows, hidden)` to `(sequences, rows, vocabulary)`: the same weight as a head.
    pub(crate) fn as_head(&self, hidden: &Array) -> Result<Array> {
        self.weight.multiply(hidden)
    }
}
