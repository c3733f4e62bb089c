//! What a model predicts along a text, beside what another one does.

use headroom_mlx::ops::indexing::take_along_axis;
use headroom_mlx::ops::{exp, logsumexp_axis};
use headroom_mlx::{Array, Dtype, Exception};

use crate::cache::CacheLayout;
use crate::error::ModelError;
use crate::model::{LanguageModel, LogitRows};

/// A model's predictions for each token of a window but its first, from those before it.
#[derive(Debug)]
pub struct Predictions {
    /// `(tokens, vocabulary)`, float32.
    log_probabilities: Array,
    /// The tokens that came, `(tokens, 1)`.
    came: Array,
}

impl Predictions {
    /// All of them, computed at once. A window of fewer than two tokens has none.
    ///
    /// # Errors
    /// When an id is none of the model's, or MLX fails.
    pub fn along(model: &dyn LanguageModel, window: &[u32]) -> Result<Self, ModelError> {
        let known = window.len().saturating_sub(1);
        let seen = Array::from_slice(&window[..known], &[1, known as i32]);
        let mut cache = model.new_cache(CacheLayout::Simple);
        cache.expect(u32::try_from(known).unwrap_or(u32::MAX));
        let logits = model.forward(&seen, &mut [&mut cache], LogitRows::All)?;
        let logits = logits.squeeze_axes(&[0])?.as_dtype(Dtype::Float32)?;
        let log_probabilities = logits.subtract(logsumexp_axis(&logits, -1, true)?)?;
        log_probabilities.eval()?;
        let came = &window[window.len() - known..];
        Ok(Self {
            log_probabilities,
            came: Array::from_slice(came, &[known as i32, 1]),
        })
    }

    /// The cross-entropy of the tokens that came, in nats.
    ///
    /// # Errors
    /// When MLX fails.
    pub fn nats(&self) -> Result<f64, ModelError> {
        let found = take_along_axis(&self.log_probabilities, &self.came, -1)?;
        Ok(-sum(&found)?)
    }

    /// The Kullback-Leibler divergence of `other`'s predictions from these, in nats, all tokens together:
    /// what predicting as `other` does costs where these are true.
    ///
    /// # Errors
    /// When the two are not along the same window, or MLX fails.
    pub fn divergence(&self, other: &Self) -> Result<f64, ModelError> {
        let apart = self.log_probabilities.subtract(&other.log_probabilities)?;
        sum(&exp(&self.log_probabilities)?.multiply(apart)?)
    }
}

/// Rows are summed in float32 and added up in float64.
fn sum(values: &Array) -> Result<f64, ModelError> {
    let rows = values.sum_axis(-1, false)?.to_vec_exact::<f32>();
    let rows = rows.map_err(|error| Exception::custom(error.to_string()))?;
    Ok(rows.into_iter().map(f64::from).sum())
}
