//! Prefill and decode, in token ids only.

use headroom_mlx::ops::transforms::{async_eval, eval};
use headroom_mlx::{Array, allocator, trim_heap};
use headroom_models::{LanguageModel, LogitRows};

use crate::error::EngineError;
use crate::kv_cache::{KvCache, KvSettings};
use crate::parameters::GenerateParameters;
use crate::sampler::{Sampled, Sampler, SamplingPlan, TokenLogprobs};
use crate::spill::SpilledCache;

/// One prompt on its way through a model.
pub(crate) struct TokenGenerator {
    pub(crate) cache: KvCache,
    sampler: Sampler,
    /// Prompt tokens computed at once.
    pub(crate) prefill_step: usize,
    state: State,
}

enum State {
    Prefill {
        prompt: Vec<u32>,
        done: usize,
    },
    /// The token that is being computed.
    Decode {
        pending: Sampled,
    },
}

/// What a step brought.
#[derive(Debug, PartialEq)]
pub(crate) enum Advance {
    /// Prompt tokens computed so far.
    Prefilled(usize),
    /// The next token, and how likely it was where the host asked for that.
    Token(u32, Option<TokenLogprobs>),
}

/// Whether the step after the token at hand will be wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookAhead {
    /// Start it now, while the host deals with the token at hand.
    Yes,
    /// The token at hand is the last.
    No,
}

impl TokenGenerator {
    pub(crate) fn new(
        model: &dyn LanguageModel,
        prompt: Vec<u32>,
        parameters: &GenerateParameters,
        sampling: SamplingPlan,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            cache: KvCache::new(model, KvSettings::from(parameters))?,
            sampler: Sampler::new(sampling, &prompt)?,
            prefill_step: parameters.prefill_step as usize,
            state: State::Prefill { prompt, done: 0 },
        })
    }

    /// Computes the next chunk of the prompt, or waits for the next token.
    pub(crate) fn advance(
        &mut self,
        model: &dyn LanguageModel,
        look_ahead: LookAhead,
    ) -> Result<Advance, EngineError> {
        match &mut self.state {
            State::Prefill { prompt, done } => {
                let end = prompt.len().min(*done + self.prefill_step);
                let chunk = Array::from_slice(&prompt[*done..end], &[1, (end - *done) as i32]);
                *done = end;
                let is_last = end == prompt.len();
                self.prefill(model, &chunk, is_last)?;
                Ok(Advance::Prefilled(end))
            }
            State::Decode { pending } => {
                let sampled = pending.clone();
                if self.sampler.needs_tokens() {
                    return self.advance_by_known(model, &sampled, look_ahead);
                }
                if look_ahead == LookAhead::Yes {
                    self.cache.settle()?;
                    self.start_step(model, &sampled.token)?;
                }
                read(&sampled)
            }
        }
    }

    /// Whether the answer is whole and its constraint lets nothing follow.
    pub(crate) fn is_complete(&self) -> bool {
        self.sampler.is_complete()
    }

    /// Waits for the token before the next step starts, because what may follow depends on it.
    fn advance_by_known(
        &mut self,
        model: &dyn LanguageModel,
        sampled: &Sampled,
        look_ahead: LookAhead,
    ) -> Result<Advance, EngineError> {
        let advance = read(sampled)?;
        if let Advance::Token(token, _) = advance {
            self.sampler.accept(token)?;
        }
        if look_ahead == LookAhead::Yes && !self.is_complete() {
            self.cache.settle()?;
            self.start_step(model, &sampled.token)?;
        }
        Ok(advance)
    }

    /// Bytes of the KV cache.
    pub(crate) fn cache_bytes(&self) -> u64 {
        self.cache.model_cache.allocated_bytes()
    }

    /// Tokens that the next step computes at once.
    pub(crate) fn next_step_tokens(&self) -> usize {
        match &self.state {
            State::Prefill { prompt, done } => (prompt.len() - done).min(self.prefill_step),
            State::Decode { .. } => 1,
        }
    }

    /// Prompt tokens that are still to be computed.
    pub(crate) fn remaining_prompt_tokens(&self) -> usize {
        match &self.state {
            State::Prefill { prompt, done } => prompt.len() - done,
            State::Decode { .. } => 0,
        }
    }

    /// Moves the KV cache to disk, once what is being computed is done.
    pub(crate) fn spill(&mut self) -> Result<SpilledCache, EngineError> {
        if let State::Decode { pending } = &self.state {
            eval(pending.arrays())?;
        }
        let spilled = SpilledCache::spill(&mut self.cache.model_cache)?;
        allocator::clear_cache()?;
        Ok(spilled)
    }

    /// Brings it back.
    pub(crate) fn bring_back(&mut self, spilled: SpilledCache) -> Result<(), EngineError> {
        spilled.restore(&mut self.cache.model_cache)
    }

    /// A chunk that is not the last is computed for its keys and values alone: its logits are never
    /// evaluated. What it leaves in MLX's cache is given back, for the next chunk is of another size
    /// and decode needs little.
    fn prefill(
        &mut self,
        model: &dyn LanguageModel,
        chunk: &Array,
        is_last: bool,
    ) -> Result<(), EngineError> {
        let logits = model.forward(chunk, &mut [&mut self.cache.model_cache], LogitRows::Last)?;
        if is_last {
            let pending = self.sampler.sample(&logits)?;
            eval(pending.arrays())?;
            self.state = State::Decode { pending };
        } else {
            eval(self.cache.arrays())?;
        }
        self.cache.settle()?;
        allocator::clear_cache()?;
        trim_heap();
        Ok(())
    }

    fn start_step(&mut self, model: &dyn LanguageModel, token: &Array) -> Result<(), EngineError> {
        let logits = model.forward(token, &mut [&mut self.cache.model_cache], LogitRows::Last)?;
        let pending = self.sampler.sample(&logits)?;
        async_eval(pending.arrays())?;
        self.state = State::Decode { pending };
        Ok(())
    }
}

fn read(sampled: &Sampled) -> Result<Advance, EngineError> {
    let token = sampled.token.try_item_exact().map_err(conversion_error)?;
    let logprobs = sampled.logprobs.as_ref().map(|one| one.read(token));
    Ok(Advance::Token(token, logprobs.transpose()?))
}

pub(crate) fn conversion_error(error: impl std::fmt::Display) -> EngineError {
    EngineError::Interrupted(format!("a token could not be read: {error}"))
}
