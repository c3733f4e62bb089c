//! From logits to the next token, as part of MLX's graph, so that the next step can start before
//! this one's token is known to the host.
//!
//! Order and meaning of the steps are those of `mlx_lm/sample_utils.py`, version 0.32.2: bias and
//! penalties, then top-p, min-p, top-k on the untempered distribution, then temperature. What may not
//! come at all is taken out between the two.

mod filters;
mod limits;
mod logprobs;
mod penalties;
mod plan;

use headroom_mlx::ops::indexing::{TryIndexOp, argmax_axis};
use headroom_mlx::ops::{divide, random};
use headroom_mlx::{Array, Dtype, Result};

use crate::constraint::Constraint;
use crate::error::{EngineError, unreadable};
use crate::parameters::GenerateParameters;
use filters::keep_likely;
use limits::Limits;
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
    limits: Limits,
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

impl Sampled {
    /// The token's value, once it is computed.
    pub(crate) fn token_id(&self) -> std::result::Result<u32, EngineError> {
        self.token.try_item_exact().map_err(unreadable)
    }

    /// Waits for all of it.
    pub(crate) fn read(&self) -> std::result::Result<(u32, Option<TokenLogprobs>), EngineError> {
        let token = self.token_id()?;
        let logprobs = self.logprobs.as_ref().map(|logprobs| logprobs.read(token));
        Ok((token, logprobs.transpose()?))
    }
}

impl Sampler {
    /// A sampler that has seen `prompt` and generated nothing.
    pub(crate) fn new(
        plan: SamplingPlan,
        prompt: &[u32],
    ) -> std::result::Result<Self, EngineError> {
        let seed = plan.parameters.seed.unwrap_or_else(rand_seed);
        Ok(Self {
            key: random::key(seed)?,
            penalties: Penalties::new(&plan.parameters, prompt),
            limits: Limits::new(&plan),
            parameters: plan.parameters,
        })
    }

    /// The next token, from the last row of `logits (1, rows, vocabulary)`.
    pub(crate) fn sample(&mut self, logits: &Array) -> std::result::Result<Sampled, EngineError> {
        let unchanged = logits.try_index((.., -1, ..))?.as_dtype(Dtype::Float32)?;
        let logits = self.penalties.apply(unchanged.clone())?;
        let logits = self.limits.apply(logits)?;
        let token = match self.parameters.temperature {
            ..=COLDEST => argmax_axis(&logits, -1, true)?,
            temperature => self.draw(&logits, temperature)?,
        };
        self.penalties.remember(&token)?;
        self.limits.count();
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

    /// Whether [`Self::accept`] must hear of each token before the next one is sampled. Where it need
    /// not, the next step can start while the token is still part of MLX's graph.
    pub(crate) fn needs_tokens(&self) -> bool {
        self.limits.constraint.is_some()
    }

    /// Takes note of a generated token: each of them once, in order. Does nothing where no token is
    /// needed.
    pub(crate) fn accept(&mut self, token: u32) -> std::result::Result<(), EngineError> {
        match &mut self.limits.constraint {
            Some(constraint) => constraint.accept(token),
            None => Ok(()),
        }
    }

    /// Whether the answer is whole and its constraint lets nothing follow.
    pub(crate) fn is_complete(&self) -> bool {
        let constraint = self.limits.constraint.as_ref();
        constraint.is_some_and(Constraint::is_complete)
    }
}

/// A seed that differs from call to call, from the standard library's source of randomness.
fn rand_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::time::SystemTime::now())
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;
