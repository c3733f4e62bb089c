//! From the last hidden states to logits.

use headroom_mlx::ops::tanh;
use headroom_mlx::{Array, Result};

use crate::embedding::Embedding;
use crate::error::ModelError;
use crate::linear::{Linear, LinearShape};
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
    /// The embedding's own.
    Tied,
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

impl Head {
    /// Reads the head that goes by `name`, where there is one to read.
    pub(crate) fn read(
        source: &mut dyn TensorSource,
        name: &str,
        settings: &HeadSettings,
    ) -> std::result::Result<Self, ModelError> {
        let is_tied = settings
            .tied
            .unwrap_or_else(|| !source.contains(&format!("{name}.weight")));
        let shape = LinearShape::without_bias(settings.hidden_size, settings.vocabulary_size);
        let weight = match is_tied {
            true => HeadWeight::Tied,
            false => HeadWeight::Own(Linear::read(source, name, shape)?),
        };
        Ok(Self {
            weight,
            soft_cap: settings.soft_cap,
        })
    }

    /// `(sequences, rows, hidden)` to `(sequences, rows, vocabulary)`.
    pub(crate) fn forward(
        &self,
        hidden: &Array,
        embedding: &Embedding,
    ) -> std::result::Result<Array, ModelError> {
        let logits = match &self.weight {
            HeadWeight::Tied => embedding.as_head(hidden)?,
            HeadWeight::Own(linear) => linear.forward(hidden)?,
        };
        match self.soft_cap {
            Some(cap) => Ok(capped(&logits, cap)?),
            None => Ok(logits),
        }
    }
}

fn capped(logits: &Array, cap: f32) -> Result<Array> {
    let cap = Array::from_f32(cap).as_dtype(logits.dtype())?;
    tanh(logits.divide(&cap)?)?.multiply(cap)
}
