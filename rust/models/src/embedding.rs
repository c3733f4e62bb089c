//! Token embedding, and the head that may share its weight.

use headroom_mlx::Array;

use crate::error::ModelError;
use crate::linear::{Linear, LinearShape};
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
}

/// From hidden states to logits.
#[derive(Debug)]
pub(crate) enum Head {
    /// The embedding's own weight.
    Tied,
    /// A weight of its own.
    Own(Linear),
}

impl Head {
    pub(crate) fn read(
        source: &mut dyn TensorSource,
        layer: &str,
        vocabulary: usize,
        hidden: usize,
    ) -> Result<Self, ModelError> {
        let shape = LinearShape {
            inputs: hidden,
            outputs: vocabulary,
            has_bias: false,
        };
        Ok(Self::Own(Linear::read(source, layer, shape)?))
    }

    /// `(1, rows, hidden)` to `(1, rows, vocabulary)`.
    pub(crate) fn forward(
        &self,
        hidden: &Array,
        embedding: &Embedding,
    ) -> Result<Array, ModelError> {
        Ok(match self {
            Self::Tied => embedding.table.multiply(hidden)?,
            Self::Own(linear) => linear.forward(hidden)?,
        })
    }
}
