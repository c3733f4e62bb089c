//! What every family but one is: an embedding, block after block over one residual stream, a last norm
//! and the head.

use std::fmt::Debug;

use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::{Array, Result};

use crate::attention::Attention;
use crate::cache::{KeyValueCache, ModelCache};
use crate::embedding::Embedding;
use crate::error::ModelError;
use crate::head::Head;
use crate::mlp::GatedMlp;
use crate::model::{LanguageModel, LogitRows, ModelShape};
use crate::normalization::RmsNorm;

/// A decoder, put together by its family.
#[derive(Debug)]
pub(crate) struct Decoder {
    pub(crate) embedding: Embedding,
    pub(crate) entry: Entry,
    pub(crate) blocks: Vec<Box<dyn Block>>,
    pub(crate) norm: RmsNorm,
    pub(crate) head: Head,
    pub(crate) shape: ModelShape,
}

/// What happens to embeddings before the first block.
#[derive(Debug)]
pub(crate) enum Entry {
    Unchanged,
    /// Multiplied.
    Scaled(f32),
    Normalized(RmsNorm),
}

/// One layer of a decoder.
pub(crate) trait Block: Debug {
    /// `(sequences, tokens, hidden)` to the same shape; each sequence's cache learns its tokens.
    fn forward(&self, x: &Array, caches: &mut [&mut KeyValueCache]) -> Result<Array>;
}

impl Entry {
    fn forward(&self, embedded: Array) -> Result<Array> {
        match self {
            Self::Unchanged => Ok(embedded),
            Self::Scaled(scale) => {
                embedded.multiply(Array::from_f32(*scale).as_dtype(embedded.dtype())?)
            }
            Self::Normalized(norm) => norm.forward(&embedded),
        }
    }
}

impl LanguageModel for Decoder {
    fn shape(&self) -> &ModelShape {
        &self.shape
    }

    fn forward(
        &self,
        tokens: &Array,
        caches: &mut [&mut ModelCache],
        rows: LogitRows,
    ) -> std::result::Result<Array, ModelError> {
        refuse_foreign_caches(&self.shape, tokens, caches)?;
        let mut hidden = self.entry.forward(self.embedding.forward(tokens)?)?;
        for (number, block) in self.blocks.iter().enumerate() {
            hidden = block.forward(&hidden, &mut layer_caches(caches, number))?;
        }
        let hidden = self.norm.forward(&wanted_rows(hidden, rows)?)?;
        Ok(self.head.forward(&hidden)?)
    }
}

/// Refuses caches that are not one for each sequence, made for these layers.
pub(crate) fn refuse_foreign_caches(
    shape: &ModelShape,
    tokens: &Array,
    caches: &mut [&mut ModelCache],
) -> std::result::Result<(), ModelError> {
    let sequences = tokens.shape().first().map_or(0, |&count| count as usize);
    let layers = shape.layers.len();
    let are_ours = caches
        .iter_mut()
        .all(|cache| cache.layers_mut().len() == layers);
    match sequences == caches.len() && are_ours {
        true => Ok(()),
        false => Err(ModelError::CachesDoNotFit {
            sequences,
            layers,
            caches: caches.len(),
        }),
    }
}

/// One layer's cache of each sequence.
pub(crate) fn layer_caches<'a>(
    caches: &'a mut [&mut ModelCache],
    layer: usize,
) -> Vec<&'a mut KeyValueCache> {
    caches
        .iter_mut()
        .filter_map(|cache| cache.layers_mut().get_mut(layer))
        .collect()
}

/// The rows of `(sequences, tokens, hidden)` whose logits are wanted.
pub(crate) fn wanted_rows(hidden: Array, rows: LogitRows) -> Result<Array> {
    match rows {
        LogitRows::All => Ok(hidden),
        LogitRows::Last => hidden.try_index((.., -1.., ..)),
    }
}

/// The block of the Llama line: `x + attention(norm(x))`, then `x + mlp(norm(x))`.
#[derive(Debug)]
pub(crate) struct PreNormBlock {
    pub(crate) attention_norm: RmsNorm,
    pub(crate) attention: Attention,
    pub(crate) mlp_norm: RmsNorm,
    pub(crate) mlp: GatedMlp,
}

impl Block for PreNormBlock {
    fn forward(&self, x: &Array, caches: &mut [&mut KeyValueCache]) -> Result<Array> {
        let x = x.add(
            self.attention
                .forward(&self.attention_norm.forward(x)?, caches)?,
        )?;
        x.add(self.mlp.forward(&self.mlp_norm.forward(&x)?)?)
    }
}
