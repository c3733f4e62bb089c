//! From logits to the next token, as part of MLX's graph, so that the next step can start before
//! this one's token is known to the host.
//!
//! Order and meaning of the steps are those of `mlx_lm/sample_utils.py`, version 0.32.2: bias and
//! penalties, then top-p, min-p, top-k on the untempered distribution, then temperature. What may not
//! come at all is taken out between the two.

mod filters;
mod logprobs;
mod penalties;
mod plan;

use headroom_mlx::ops::indexing::{TryIndexOp, argmax_axis, put_along_axis};
use headroom_mlx::ops::{divide, full, random};
use headroom_mlx::{Array, Dtype, Result};

use crate::error::EngineError;
use crate::parameters::GenerateParameters;
use filters::{impossible, keep_likely};
use logprobs::log_softmax;
use penalties::Penalties;

pub(crate) use logprobs::PendingLogprobs;
pub use logprobs::{TokenLogprob, TokenLogprobs};
pub(crate) use plan::SamplingPlan;

/// Below this, dividing by the temperature leaves no finite number; the likeliest token is the limit.
const COLDEST: f32 = 1e-6;

/// Draws tokens for one generation. A clone goes on independently from the same place, with the same
/// randomness.
#[derive(Clone)]
pub(crate) struct Sampler {
    parameters: GenerateParameters,
    key: Array,
    penalties: Penalties,
    /// Ids `(1, n)` that end an answer; `None` when there are none.
    end_tokens: Option<Array>,
    sampled_tokens: u32,
}

/// A token on its way, still part of MLX's graph.
#[derive(Debug, Clone)]
pub(crate) struct Sampled {
    /// `(1, 1)` uint32.
    pub(crate) token: Array,
    /// How likely it was, where the host asked for that.
    pub(crate) logprobs: Option<PendingLogprobs>,
}

impl Sampled {
    /// What is to be computed.
    pub(crate) fn arrays(&self) -> impl Iterator<Item = &Array> {
        let logprobs = self.logprobs.iter().flat_map(PendingLogprobs::arrays);
        std::iter::once(&self.token).chain(logprobs)
    }
}

impl Sampler {
    /// A sampler that has seen `prompt` and generated nothing.
    pub(crate) fn new(
        plan: SamplingPlan,
        prompt: &[u32],
    ) -> std::result::Result<Self, EngineError> {
        let seed = plan.parameters.seed.unwrap_or_else(rand_seed);
        let end_tokens = &plan.end_tokens;
        Ok(Self {
            key: random::key(seed)?,
            penalties: Penalties::new(&plan.parameters, prompt),
            end_tokens: (!end_tokens.is_empty())
                .then(|| Array::from_slice(end_tokens, &[1, end_tokens.len() as i32])),
            sampled_tokens: 0,
            parameters: plan.parameters,
        })
    }

    /// The next token, from the last row of `logits (1, rows, vocabulary)`.
    pub(crate) fn sample(&mut self, logits: &Array) -> std::result::Result<Sampled, EngineError> {
        let unchanged = logits.try_index((.., -1, ..))?.as_dtype(Dtype::Float32)?;
        let logits = self.penalties.apply(unchanged.clone())?;
        let logits = self.forbid_early_end(logits)?;
        let token = match self.parameters.temperature {
            ..=COLDEST => argmax_axis(&logits, -1, true)?,
            temperature => self.draw(&logits, temperature)?,
        };
        self.penalties.remember(&token)?;
        self.sampled_tokens = self.sampled_tokens.saturating_add(1);
        let count = self.parameters.top_logprobs;
        let logprobs = count.map(|count| PendingLogprobs::new(&unchanged, &token, count));
        Ok(Sampled {
            token,
            logprobs: logprobs.transpose()?,
        })
    }

    fn draw(&mut self, logits: &Array, temperature: f32) -> Result<Array> {
        let logprobs = keep_likely(log_softmax(logits)?, &self.parameters)?;
        let (next, own) = random::split(&self.key, 2)?;
        self.key = next;
        let tempered = divide(logprobs, Array::from_f32(temperature))?;
        random::categorical(tempered, -1, None, &own)?.reshape(&[1, 1])
    }

    /// No answer ends before it has the fewest tokens asked for.
    fn forbid_early_end(&self, logits: Array) -> Result<Array> {
        match &self.end_tokens {
            Some(end_tokens) if self.sampled_tokens < self.parameters.min_tokens => {
                let nothing = full::<f32>(end_tokens.shape(), impossible())?;
                put_along_axis(&logits, end_tokens, nothing, -1)
            }
            _ => Ok(logits),
        }
    }
}

/// A seed that differs from call to call, from the standard library's source of randomness.
fn rand_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::time::SystemTime::now())
}

#[cfg(test)]
mod tests;
