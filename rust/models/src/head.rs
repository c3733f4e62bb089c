//! From the last hidden states to logits.

use headroom_mlx::ops::tanh;
use headroom_mlx::{Array, Result};

use crate::embedding::Embedding;
use crate::error::ModelError;
use crate::linear::{Linear, LinearShape, Matrix};
use crate::tensor_source::TensorSource;

/// The product with the vocabulary, and what keeps its results in bounds.
#[derive(Debug)]
pub(crate) struct Head {
    weight: HeadWeight,
    /// Logits are `cap * tanh(logits / cap)`.
    soft_cap: Option<f32>,
}

#[derive(Debug)]
enum HeadWeight {
    /// The embedding's.
    Tied(Matrix),
    /// One of its own.
    Own(Linear),
}

/// What a configuration says of the head.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadSettings {
    pub(crate) vocabulary_size: usize,
    pub(crate) hidden_size: usize,
    /// Whether it shares the embedding's weight; `None` where the configuration does not say, and a
    /// head in the checkpoint is one to use.
    pub(crate) tied: Option<bool>,
    pub(crate) soft_cap: Option<f32>,
}

/// Reads an embedding and the head that goes by the second name, where there is one to read. Only a
/// table that no head shares may stay in its file: a head needs all of it for every token.
pub(crate) fn read_embedding_and_head(
    source: &mut dyn TensorSource,
    [embedding, head]: [&str; 2],
    settings: &HeadSettings,
) -> std::result::Result<(Embedding, Head), ModelError> {
    let (vocabulary, hidden) = (settings.vocabulary_size, settings.hidden_size);
    let is_tied = settings
        .tied
        .unwrap_or_else(|| !source.contains(&format!("{head}.weight")));
    let (embedding, weight) = if is_tied {
        let shared = Matrix::read(source, embedding, vocabulary, hidden)?;
        let weight = HeadWeight::Tied(shared.clone());
        (Embedding::in_memory(shared), weight)
    } else {
        let place = source.embedding_placement();
        let embedding = Embedding::read(source, embedding, [vocabulary, hidden], place)?;
        let shape = LinearShape::without_bias(hidden, vocabulary);
        (
            embedding,
            HeadWeight::Own(Linear::read(source, head, shape)?),
        )
    };
    let soft_cap = settings.soft_cap;
    Ok((embedding, Head { weight, soft_cap }))
}

impl Head {
    /// `(sequences, rows, hidden)` to `(sequences, rows, vocabulary)`.
    pub(crate) fn forward(&self, hidden: &Array) -> Result<Array> {
        let logits = match &self.weight {
            HeadWeight::Tied(matrix) => matrix.multiply(hidden)?,
            HeadWeight::Own(linear) => linear.forward(hidden)?,
        };
        match self.soft_cap {
            Some(cap) => capped(&logits, cap),
            None => Ok(logits),
        }
    }
}

fn capped(logits: &Array, cap: f32) -> Result<Array> {
    let cap = Array::from_f32(cap).as_dtype(logits.dtype())?;
    tanh(logits.divide(&cap)?)?.multiply(cap)
}
