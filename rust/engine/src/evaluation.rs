//! How well a model predicts a text: what two models, or one before and after quantisation, are
//! compared by.

use std::sync::Arc;

use headroom_mlx::ops::indexing::take_along_axis;
use headroom_mlx::ops::logsumexp_axis;
use headroom_mlx::{Array, Dtype, trim_heap};
use headroom_models::{CacheLayout, LanguageModel, LogitRows, ModelCache};
use serde::Serialize;

use crate::error::{EngineError, unreadable};
use crate::mlx_thread::MlxThread;
use crate::model::Model;
use crate::token_ids::ids;

/// What a model makes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Evaluation {
    /// Tokens that were predicted.
    pub tokens: u64,
    /// Bytes of the text.
    pub bytes: u64,
    /// The cross-entropy of all predictions together, in nats.
    pub nats: f64,
}

impl Evaluation {
    /// Bits that the model needs for each byte of the text: comparable across tokenizers.
    pub fn bits_per_byte(&self) -> f64 {
        self.nats / std::f64::consts::LN_2 / self.bytes as f64
    }

    /// How many tokens the model is in doubt between, on average.
    pub fn perplexity(&self) -> f64 {
        (self.nats / self.tokens as f64).exp()
    }
}

/// Tokens that one prediction can look back at, at most.
const WINDOW: usize = 512;
/// Rows of logits that are there at once.
const ROWS: usize = 64;

impl Model {
    /// Lets the model predict each token of `text` from those before it, in windows of 512 tokens that
    /// know nothing of each other.
    ///
    /// # Errors
    /// When the text has fewer than two tokens, the tokenizer cannot read it, or MLX fails.
    pub fn evaluate(&self, text: &str) -> Result<Evaluation, EngineError> {
        let tokens = self.codec().encode(text)?;
        if tokens.len() < 2 {
            return Err(EngineError::EmptyPrompt);
        }
        let id = self.id();
        let predicted = Arc::new(tokens);
        let shared = Arc::clone(&predicted);
        let nats = MlxThread::shared()?.call(move |store| {
            let model = store.get(id)?;
            let windows = shared.chunks(WINDOW);
            let each = windows.map(|window| nats_of(model, window));
            each.sum::<Result<f64, EngineError>>()
        })??;
        let first_of_windows = predicted.len().div_ceil(WINDOW);
        Ok(Evaluation {
            tokens: (predicted.len() - first_of_windows) as u64,
            bytes: text.len() as u64,
            nats,
        })
    }
}

/// The cross-entropy of all tokens of a window but its first.
fn nats_of(model: &dyn LanguageModel, window: &[u32]) -> Result<f64, EngineError> {
    let mut cache = model.new_cache(CacheLayout::Simple);
    cache.expect(crate::fit::clamped(window.len()));
    let known = &window[..window.len() - 1];
    let pieces = known.chunks(ROWS).zip(window[1..].chunks(ROWS));
    let mut nats = 0.0;
    for (seen, next) in pieces {
        nats += nats_of_piece(model, &mut cache, seen, next)?;
        trim_heap();
    }
    Ok(nats)
}

fn nats_of_piece(
    model: &dyn LanguageModel,
    cache: &mut ModelCache,
    seen: &[u32],
    next: &[u32],
) -> Result<f64, EngineError> {
    let logits = model.forward(&ids(seen), &mut [cache], LogitRows::All)?;
    let logits = logits.as_dtype(Dtype::Float32)?;
    let next = Array::from_slice(next, &[1, next.len() as i32, 1]);
    let chosen = take_along_axis(&logits, &next, -1)?;
    let missed = logsumexp_axis(&logits, -1, true)?.subtract(chosen)?;
    let missed = missed.to_vec_exact::<f32>().map_err(unreadable)?;
    Ok(missed.into_iter().map(f64::from).sum())
}
