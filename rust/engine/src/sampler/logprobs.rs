//! Log-probabilities of generated tokens and of those that were likeliest in their place.

use headroom_mlx::ops::indexing::{TryIndexOp, take_along_axis};
use headroom_mlx::ops::{argpartition_axis, logsumexp_axis, subtract};
use headroom_mlx::{Array, Result};

use crate::error::EngineError;

/// How likely a generated token was, and which tokens were likeliest in its place.
///
/// Log-probabilities are natural logarithms of the model's own distribution: the softmax of its
/// logits as they come, before bias, penalties, constraint, filters and temperature.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct TokenLogprobs {
    /// The token that was generated.
    pub token: u32,
    /// Its log-probability.
    pub logprob: f32,
    /// The likeliest tokens, likeliest first; as many as were asked for.
    pub top: Vec<TokenLogprob>,
}

/// A token and its log-probability.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct TokenLogprob {
    /// The token's id.
    pub token: u32,
    /// The natural logarithm of its probability.
    pub logprob: f32,
}

/// The log-probabilities of one step while they are part of MLX's graph.
#[derive(Debug, Clone)]
pub(crate) struct PendingLogprobs {
    /// The generated token's, `(1, 1)`.
    chosen: Array,
    /// Ids `(1, n)` uint32 and values `(1, n)` of the likeliest, in no order.
    top: Option<(Array, Array)>,
}

/// `log softmax` of `logits (1, vocabulary)`.
pub(super) fn log_softmax(logits: &Array) -> Result<Array> {
    subtract(logits, logsumexp_axis(logits, -1, true)?)
}

impl PendingLogprobs {
    /// Of `token (1, 1)` and the `count` likeliest tokens under `logits (1, vocabulary)`.
    pub(super) fn new(logits: &Array, token: &Array, count: u32) -> Result<Self> {
        let logprobs = log_softmax(logits)?;
        Ok(Self {
            chosen: take_along_axis(&logprobs, token, -1)?,
            top: likeliest(&logprobs, count)?,
        })
    }

    /// What is to be computed.
    pub(crate) fn arrays(&self) -> impl Iterator<Item = &Array> {
        let top = self.top.iter().flat_map(|(ids, values)| [ids, values]);
        std::iter::once(&self.chosen).chain(top)
    }

    /// Waits for the values; `token` is the id that was generated.
    pub(crate) fn read(&self, token: u32) -> std::result::Result<TokenLogprobs, EngineError> {
        let logprob = self.chosen.try_item_exact::<f32>().map_err(unreadable)?;
        let mut top = Vec::new();
        if let Some((ids, values)) = &self.top {
            let ids = ids.to_vec_exact::<u32>().map_err(unreadable)?;
            let values = values.to_vec_exact::<f32>().map_err(unreadable)?;
            let pairs = ids.into_iter().zip(values);
            top.extend(pairs.map(|(token, logprob)| TokenLogprob { token, logprob }));
        }
        top.sort_by(|a, b| b.logprob.total_cmp(&a.logprob).then(a.token.cmp(&b.token)));
        Ok(TokenLogprobs {
            token,
            logprob,
            top,
        })
    }
}

fn likeliest(logprobs: &Array, count: u32) -> Result<Option<(Array, Array)>> {
    let vocabulary = logprobs.dim(-1);
    let first = vocabulary - i32::try_from(count).unwrap_or(i32::MAX).min(vocabulary);
    if first == vocabulary {
        return Ok(None);
    }
    let order = argpartition_axis(logprobs, first, -1)?;
    let ids = order.try_index((.., first..))?;
    let values = take_along_axis(logprobs, &ids, -1)?;
    Ok(Some((ids, values)))
}

fn unreadable(error: impl std::fmt::Display) -> EngineError {
    EngineError::Interrupted(format!("log-probabilities could not be read: {error}"))
}
