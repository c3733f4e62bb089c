//! A model's logits for given token ids, without tokenizer or sampling: what tests and tools compare.

use std::ops::ControlFlow;
use std::path::PathBuf;

use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::{Array, Dtype};
use headroom_models::{LanguageModel, LogitRows, ModelError};

use crate::error::EngineError;
use crate::loaded_weights::LoadedWeights;
use crate::mlx_thread::MlxThread;
use crate::token_generator::conversion_error;

/// Which model, which ids, and how they are fed.
#[derive(Debug, Clone)]
pub struct LogitsRequest {
    /// The model's directory.
    pub directory: PathBuf,
    /// Token ids.
    pub tokens: Vec<u32>,
    /// How many are fed at once; `None` feeds all at once.
    pub chunk: Option<usize>,
}

/// Logits, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Logits {
    /// `(tokens, vocabulary)`, row-major.
    pub values: Vec<f32>,
    /// Columns.
    pub vocabulary_size: u32,
}

impl LogitsRequest {
    /// Loads the model and computes the logits through a new KV cache.
    ///
    /// # Errors
    /// Those of loading, and ids that the vocabulary does not have.
    pub fn run(&self) -> Result<Logits, EngineError> {
        let weights = LoadedWeights::load(&self.directory, |_| ControlFlow::Continue(()))?;
        let vocabulary_size = weights.shape.vocabulary_size;
        refuse_unknown_ids(&self.tokens, vocabulary_size)?;
        let (id, tokens) = (weights.id(), self.tokens.clone());
        let chunk = self.chunk.unwrap_or(tokens.len());
        let values = MlxThread::shared()?
            .call(move |store| all_logits(store.get(id)?, &tokens, chunk))??;
        Ok(Logits {
            values,
            vocabulary_size,
        })
    }
}

fn refuse_unknown_ids(tokens: &[u32], vocabulary_size: u32) -> Result<(), EngineError> {
    if tokens.is_empty() {
        return Err(EngineError::EmptyPrompt);
    }
    match tokens.iter().position(|&id| id >= vocabulary_size) {
        None => Ok(()),
        Some(position) => {
            let id = tokens[position];
            Err(ModelError::TokenOutOfRange {
                id,
                position,
                vocabulary_size,
            }
            .into())
        }
    }
}

/// Logits `(tokens, vocabulary)` in float32 for `tokens`, fed through a new cache `chunk` at a time.
fn all_logits(
    model: &dyn LanguageModel,
    tokens: &[u32],
    chunk: usize,
) -> Result<Vec<f32>, EngineError> {
    let mut cache = model.new_cache();
    let mut all = Vec::new();
    for piece in tokens.chunks(chunk.max(1)) {
        let ids = Array::from_slice(piece, &[1, piece.len() as i32]);
        let logits = model.forward(&ids, &mut cache, LogitRows::All)?;
        let logits = logits.try_index(0)?.as_dtype(Dtype::Float32)?;
        all.extend(logits.to_vec_exact::<f32>().map_err(conversion_error)?);
    }
    Ok(all)
}
