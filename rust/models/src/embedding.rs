//! Token embedding, whose weight a head may share.

use headroom_mlx::Array;

use crate::error::ModelError;
use crate::table::{Table, TablePlace};
use crate::tensor_source::TensorSource;

/// Rows of a `(vocabulary, width)` matrix, one for each token id.
#[derive(Debug)]
pub(crate) struct Embedding {
    table: Table,
}

impl Embedding {
    /// Reads the table of `layer` into memory.
    pub(crate) fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        vocabulary: usize,
        width: usize,
    ) -> Result<Self, ModelError> {
        let table = source.table(layer, vocabulary, width, TablePlace::Memory)?;
        Ok(Self { table })
    }

    /// Leaves the table of `layer` in its file, from which each step reads the rows of its tokens.
    pub(crate) fn read_rows_from_file(
        source: &mut dyn TensorSource,
        layer: &str,
        vocabulary: usize,
        width: usize,
    ) -> Result<Self, ModelError> {
        let table = source.table(layer, vocabulary, width, TablePlace::File)?;
        Ok(Self { table })
    }

    /// `(sequences, tokens)` ids to `(sequences, tokens, width)`.
    ///
    /// # Errors
    /// From a file, when it cannot be read or an id has no row.
    pub(crate) fn forward(&self, tokens: &Array) -> Result<Array, ModelError> {
        self.table.rows(tokens)
    }

    /// `(sequences, rows, width)` to `(sequences, rows, vocabulary)`: the same weight as a head.
    pub(crate) fn as_head(&self, hidden: &Array) -> Result<Array, ModelError> {
        Ok(self.table.multiply(hidden)?)
    }
}
