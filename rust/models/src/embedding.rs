//! Token embedding, whose weight a head may share.

use headroom_mlx::Array;

use crate::error::ModelError;
use crate::linear::Matrix;
use crate::table::{EmbeddingPlacement, Table};
use crate::tensor_source::TensorSource;

/// Rows of a `(vocabulary, width)` matrix, one for each token id.
#[derive(Debug)]
pub(crate) struct Embedding {
    table: Table,
}

impl Embedding {
    /// Reads the table `(vocabulary, width)` of `layer`, or leaves it in its file, from which each step
    /// then reads the rows of its tokens.
    pub(crate) fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        [vocabulary, width]: [usize; 2],
        placement: EmbeddingPlacement,
    ) -> Result<Self, ModelError> {
        let table = source.table(layer, vocabulary, width, placement)?;
        Ok(Self { table })
    }

    /// A table that has been read, for a head that shares it.
    pub(crate) fn in_memory(matrix: Matrix) -> Self {
        Self {
            table: Table::Memory(matrix),
        }
    }

    /// `(sequences, tokens)` ids to `(sequences, tokens, width)`.
    ///
    /// # Errors
    /// From a file, when it cannot be read or an id has no row.
    pub(crate) fn forward(&self, tokens: &Array) -> Result<Array, ModelError> {
        self.table.rows(tokens)
    }
}
