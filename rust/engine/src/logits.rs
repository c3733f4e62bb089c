//! A model's logits for given token ids, without tokenizer or sampling: what tests and tools compare.

use std::ops::ControlFlow;
use std::path::PathBuf;

use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::{Array, Dtype};
use headroom_models::{LanguageModel, LogitRows, ModelError, outline};

use crate::error::{EngineError, unreadable};
use crate::fit;
use crate::kv_cache::{CacheSettings, KvCache};
use crate::loaded_weights::LoadedWeights;
use crate::mlx_thread::MlxThread;

/// Which model, which ids, and how they are fed.
#[derive(Debug, Clone)]
pub struct LogitsRequest {
    /// The model's directory.
    pub directory: PathBuf,
    /// Token ids.
    pub tokens: Vec<u32>,
    /// How many are fed at once; `None` feeds all at once.
    pub chunk: Option<usize>,
    /// What keys and values are kept in.
    pub cache: CacheSettings,
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
    /// All ids at once, through a cache that keeps everything.
    pub fn new(directory: PathBuf, tokens: Vec<u32>) -> Self {
        Self {
            directory,
            tokens,
            chunk: None,
            cache: CacheSettings::default(),
        }
    }

    /// Loads the model and computes the logits through a new KV cache.
    ///
    /// # Errors
    /// Those of loading, and ids that the vocabulary does not have.
    pub fn run(&self) -> Result<Logits, EngineError> {
        let weights = self.load()?;
        let vocabulary_size = weights.shape.vocabulary_size;
        refuse_unknown_ids(&self.tokens, vocabulary_size)?;
        let (id, tokens) = (weights.id(), self.tokens.clone());
        let chunk = self.chunk.unwrap_or(tokens.len());
        let settings = self.cache;
        settings.validate()?;
        let values = MlxThread::shared()?.call(move |store| {
            let model = store.get(id)?;
            all_logits(model, &tokens, chunk, KvCache::new(model, settings)?)
        })??;
        Ok(Logits {
            values,
            vocabulary_size,
        })
    }
}

impl LogitsRequest {
    fn load(&self) -> Result<LoadedWeights, EngineError> {
        let outline = outline(&self.directory)?;
        let embedding = fit::require_room(&self.directory, &outline, 0)?;
        LoadedWeights::load(&self.directory, &outline, embedding, |_| {
            ControlFlow::Continue(())
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

/// Logits `(tokens, vocabulary)` in float32 for `tokens`, fed through `cache` `chunk` at a time.
fn all_logits(
    model: &dyn LanguageModel,
    tokens: &[u32],
    chunk: usize,
    mut cache: KvCache,
) -> Result<Vec<f32>, EngineError> {
    cache.model_cache.expect(fit::clamped(tokens.len()));
    let mut all = Vec::new();
    for piece in tokens.chunks(chunk.max(1)) {
        let ids = Array::from_slice(piece, &[1, piece.len() as i32]);
        let logits = model.forward(&ids, &mut [&mut cache.model_cache], LogitRows::All)?;
        let logits = logits.try_index(0)?.as_dtype(Dtype::Float32)?;
        all.extend(logits.to_vec_exact::<f32>().map_err(unreadable)?);
        cache.settle()?;
    }
    Ok(all)
}
