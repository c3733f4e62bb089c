//! Token embedding, and the head that may share its weight.

use headroom_mlx::{Array, Result};

use crate::error::ModelError;
use crate::linear::{Linear, LinearShape, Matrix};
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

    /// `(1, tokens)` ids to `(1, tokens, hidden)`.
    pub(crate) fn forward(&self, tokens: &Array) -> Result<Array> {
        self.weight.rows(tokens)
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
    ) -> std::result::Result<Self, ModelError> {
        let shape = LinearShape {
            inputs: hidden,
            outputs: vocabulary,
            has_bias: false,
        };
        Ok(Self::Own(Linear::read(source, layer, shape)?))
    }

    /// `(1, rows, hidden)` to `(1, rows, vocabulary)`.
    pub(crate) fn forward(&self, hidden: &Array, embedding: &Embedding) -> Result<Array> {
        match self {
            Self::Tied => embedding.weight.multiply(hidden),
            Self::Own(linear) => linear.forward(hidden),
        }
    }
}
