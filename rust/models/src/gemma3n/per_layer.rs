//! Per-layer embeddings: for each token a short vector for each layer, from a table that is most of the
//! model's bytes and stays in its file, and from the token's ordinary embedding.

use headroom_mlx::ops::select;
use headroom_mlx::{Array, Result};

use super::config::Gemma3nConfig;
use crate::embedding::Embedding;
use crate::error::ModelError;
use crate::linear::{Linear, LinearShape};
use crate::normalization::RmsNorm;
use crate::table::EmbeddingPlacement;
use crate::tensor_source::TensorSource;
use crate::text_part::TextPart;

#[derive(Debug)]
pub(super) struct PerLayerEmbeddings {
    table: Embedding,
    projection: Linear,
    norm: RmsNorm,
    layers: i32,
    width: i32,
    vocabulary_size: i32,
    hidden_size: f32,
}

impl PerLayerEmbeddings {
    pub(super) fn read(
        source: &mut dyn TensorSource,
        part: TextPart,
        config: &Gemma3nConfig,
    ) -> std::result::Result<Self, ModelError> {
        let (layers, own) = (config.layers.len(), config.per_layer);
        let all = layers * own.width;
        let table = part.tensor("embed_tokens_per_layer");
        let shape = [own.vocabulary_size, all];
        let projection = LinearShape::without_bias(config.hidden_size, all);
        let name = part.tensor("per_layer_model_projection");
        let norm = part.tensor("per_layer_projection_norm");
        Ok(Self {
            table: Embedding::read(source, &table, shape, EmbeddingPlacement::File)?,
            projection: Linear::read(source, &name, projection)?,
            norm: RmsNorm::read(source, &norm, own.width, config.norm_epsilon)?,
            layers: layers as i32,
            width: own.width as i32,
            vocabulary_size: own.vocabulary_size as i32,
            hidden_size: config.hidden_size as f32,
        })
    }

    /// For ids `(sequences, tokens)` and their `embedded (sequences, tokens, hidden)`:
    /// `(sequences, tokens, layers, width)`.
    pub(super) fn forward(
        &self,
        tokens: &Array,
        embedded: &Array,
    ) -> std::result::Result<Array, ModelError> {
        let looked_up = self.look_up(tokens)?;
        let scale = constant(self.hidden_size.powf(-0.5), embedded)?;
        let projected = self.projection.forward(embedded)?.multiply(scale)?;
        let projected = self.norm.forward(&self.by_layer(&projected)?)?;
        let both = projected.add(self.by_layer(&looked_up)?)?;
        Ok(both.multiply(constant(0.5f32.sqrt(), &both)?)?)
    }

    /// Ids beyond the table (images, sounds) have the row of id 0.
    fn look_up(&self, tokens: &Array) -> std::result::Result<Array, ModelError> {
        let bound = Array::from_int(self.vocabulary_size).as_dtype(tokens.dtype())?;
        let zero = Array::from_int(0).as_dtype(tokens.dtype())?;
        let known = select(tokens.lt(bound)?, tokens, zero)?;
        let rows = self.table.forward(&known)?;
        Ok(rows.multiply(constant((self.width as f32).sqrt(), &rows)?)?)
    }

    fn by_layer(&self, rows: &Array) -> Result<Array> {
        rows.reshape(&[rows.dim(0), rows.dim(1), self.layers, self.width])
    }
}

fn constant(value: f32, like: &Array) -> Result<Array> {
    Array::from_f32(value).as_dtype(like.dtype())
}
