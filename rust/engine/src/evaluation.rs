//! How well a model predicts a text: what two models, or one before and after quantisation, are
//! compared by.

use std::sync::Arc;

use headroom_models::cross_entropy;
use serde::Serialize;

use crate::error::EngineError;
use crate::mlx_thread::MlxThread;
use crate::model::Model;

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
            let each = windows.map(|window| Ok(cross_entropy(model, window)?));
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
