//! Prefill and decode of one prompt, in token ids only.

use std::collections::VecDeque;

use headroom_memory::KV_GROWTH_STEP;
use headroom_mlx::ops::transforms::eval;
use headroom_mlx::{Array, allocator, trim_heap};
use headroom_models::{LanguageModel, LogitRows};

use crate::draft::Draft;
use crate::error::EngineError;
use crate::kv_cache::KvCache;
use crate::model_id::ModelId;
use crate::prompt_store::Seen;
use crate::sampler::{Sampled, Sampler, TokenLogprobs};
use crate::spill::SpilledCache;
use crate::token_ids::ids;

/// One prompt on its way through a model.
pub(crate) struct TokenGenerator {
    pub(crate) cache: KvCache,
    model: ModelId,
    pub(crate) sampler: Sampler,
    /// Prompt tokens computed at once.
    pub(crate) prefill_step: usize,
    /// The prompt, and behind it every token whose value is known.
    pub(crate) tokens: Vec<u32>,
    prompt_tokens: usize,
    /// How many tokens may still be sampled.
    pub(crate) unsampled: usize,
    state: State,
    /// Tokens that are known and not yet handed out.
    pub(crate) ready: VecDeque<NewToken>,
    pub(crate) draft: Option<Draft>,
    is_at_rest: bool,
}

enum State {
    /// So many tokens of the prompt are in the cache.
    Prefill { done: usize },
    /// The token that is being computed.
    Decode { pending: Sampled },
    /// All tokens are known that may be sampled, or those of the next step come by speculation.
    Known,
    /// A step failed in which others took part.
    Failed,
}

/// A token that was generated.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewToken {
    pub(crate) id: u32,
    pub(crate) logprobs: Option<TokenLogprobs>,
    /// Whether what the output is held to allows nothing behind it.
    pub(crate) is_complete: bool,
}

/// What a generator is made of.
pub(crate) struct GeneratorParts {
    pub(crate) model: ModelId,
    pub(crate) prompt: Vec<u32>,
    /// A cache that has seen the first tokens of the prompt, but not all.
    pub(crate) seen: Seen,
    pub(crate) sampler: Sampler,
    pub(crate) prefill_step: usize,
    /// The most tokens to sample.
    pub(crate) token_limit: usize,
    pub(crate) draft: Option<Draft>,
}

impl TokenGenerator {
    pub(crate) fn new(parts: GeneratorParts) -> Self {
        Self {
            state: State::Prefill {
                done: parts.seen.tokens.len(),
            },
            cache: parts.seen.kv,
            model: parts.model,
            sampler: parts.sampler,
            prefill_step: parts.prefill_step,
            prompt_tokens: parts.prompt.len(),
            tokens: parts.prompt,
            unsampled: parts.token_limit,
            ready: VecDeque::new(),
            draft: parts.draft,
            is_at_rest: false,
        }
    }

    /// The model, and the draft model where there is one.
    pub(crate) fn models(&self) -> (ModelId, Option<ModelId>) {
        (self.model, self.draft.as_ref().map(|draft| draft.model))
    }

    /// Prompt tokens that are still to be computed.
    pub(crate) fn remaining_prompt_tokens(&self) -> usize {
        match self.state {
            State::Prefill { done } => self.prompt_tokens - done,
            _ => 0,
        }
    }

    /// Tokens that the next step computes at once.
    pub(crate) fn next_step_tokens(&self) -> usize {
        match self.state {
            State::Prefill { .. } => self.remaining_prompt_tokens().min(self.prefill_step),
            _ => 1 + self.draft.as_ref().map_or(0, |draft| draft.count),
        }
    }

    /// Whether the next step may take the cache past what it has room for.
    pub(crate) fn is_about_to_grow(&self) -> bool {
        let seen = self.cache.tokens();
        let after = seen.saturating_add(u32::try_from(self.next_step_tokens()).unwrap_or(u32::MAX));
        let steps = |tokens: u32| tokens.div_ceil(KV_GROWTH_STEP);
        seen == 0 || steps(after) > steps(seen)
    }

    /// How many tokens the cache will have seen when the prompt is computed and the next token known.
    pub(crate) fn tokens_of_prompt_and_next(&self) -> u32 {
        u32::try_from(self.tokens.len() + 1).unwrap_or(u32::MAX)
    }

    /// Bytes of the KV cache.
    pub(crate) fn cache_bytes(&self) -> u64 {
        self.cache.model_cache.allocated_bytes()
    }

    /// Computes the next chunk of the prompt, and says how many tokens of it are computed.
    ///
    /// A chunk that is not the last is computed for its keys and values alone: its logits are never
    /// evaluated. What it leaves in MLX's cache is given back, for the next chunk is of another size
    /// and decode needs little.
    pub(crate) fn prefill(&mut self, model: &dyn LanguageModel) -> Result<usize, EngineError> {
        let State::Prefill { done } = self.state else {
            return Ok(self.prompt_tokens);
        };
        let end = self.prompt_tokens.min(done + self.prefill_step);
        let chunk = ids(&self.tokens[done..end]);
        let logits = self.forward(model, &chunk, LogitRows::Last)?;
        if end == self.prompt_tokens {
            let pending = self.sample(&logits)?;
            eval(pending.arrays())?;
            self.state = State::Decode { pending };
        } else {
            eval(self.cache.arrays())?;
            self.state = State::Prefill { done: end };
        }
        self.cache.settle()?;
        allocator::clear_cache()?;
        trim_heap();
        Ok(end)
    }

    /// Logits of `tokens (1, tokens)`, which continue what the cache has seen.
    pub(crate) fn forward(
        &mut self,
        model: &dyn LanguageModel,
        tokens: &Array,
        rows: LogitRows,
    ) -> Result<Array, EngineError> {
        Ok(model.forward(tokens, &mut [&mut self.cache.model_cache], rows)?)
    }

    pub(crate) fn sample(&mut self, logits: &Array) -> Result<Sampled, EngineError> {
        self.unsampled = self.unsampled.saturating_sub(1);
        self.sampler.sample(logits)
    }

    /// Whether its next token is being computed and nobody waits for it yet.
    pub(crate) fn is_waiting(&self) -> bool {
        let is_computing = matches!(self.state, State::Decode { .. });
        is_computing && self.ready.is_empty() && !self.is_at_rest
    }

    /// Whether there is to be a token after the one that is being computed.
    pub(crate) fn goes_on(&self) -> bool {
        self.is_waiting() && self.unsampled > 0 && !self.sampler.is_complete()
    }

    /// Before a step: converts the cache where it is time to, and tells the sampler the pending token
    /// where it must know it.
    pub(crate) fn prepare_step(&mut self) -> Result<(), EngineError> {
        self.cache.settle()?;
        match &self.state {
            State::Decode { pending } if self.sampler.needs_tokens() => {
                let token = pending.token_id()?;
                self.sampler.accept(token)
            }
            _ => Ok(()),
        }
    }

    /// The token that is being computed, `(1, 1)`.
    pub(crate) fn pending_token(&self) -> Option<&Array> {
        match &self.state {
            State::Decode { pending } => Some(&pending.token),
            _ => None,
        }
    }

    /// All that is being computed for it.
    pub(crate) fn pending_arrays(&self) -> impl Iterator<Item = &Array> {
        let pending = match &self.state {
            State::Decode { pending } => Some(pending),
            _ => None,
        };
        pending.into_iter().flat_map(Sampled::arrays)
    }

    /// Samples the token after the pending one, which it returns.
    pub(crate) fn sample_next(&mut self, logits: &Array) -> Result<Sampled, EngineError> {
        let next = self.sample(logits)?;
        match std::mem::replace(&mut self.state, State::Decode { pending: next }) {
            State::Decode { pending } => Ok(pending),
            _ => Err(failed_together()),
        }
    }

    /// Waits for a token and makes it ready.
    pub(crate) fn deliver(&mut self, sampled: Sampled) -> Result<(), EngineError> {
        let (id, logprobs) = sampled.read()?;
        self.push(NewToken {
            id,
            logprobs,
            is_complete: false,
        });
        Ok(())
    }

    /// Waits for the pending token where none is to follow it.
    pub(crate) fn deliver_last(&mut self) -> Result<(), EngineError> {
        let State::Decode { pending } = std::mem::replace(&mut self.state, State::Known) else {
            return Ok(());
        };
        let (id, logprobs) = pending.read()?;
        let is_complete = self.sampler.is_complete();
        self.push(NewToken {
            id,
            logprobs,
            is_complete,
        });
        Ok(())
    }

    pub(crate) fn push(&mut self, token: NewToken) {
        self.tokens.push(token.id);
        self.ready.push_back(token);
    }

    /// The next token, if it is known.
    pub(crate) fn take_ready(&mut self) -> Result<Option<NewToken>, EngineError> {
        match self.state {
            State::Failed => Err(failed_together()),
            _ => Ok(self.ready.pop_front()),
        }
    }

    /// After a step that failed.
    pub(crate) fn fail(&mut self) {
        self.state = State::Failed;
    }

    /// While the host has paused it, others decode without it.
    pub(crate) fn set_at_rest(&mut self, is_at_rest: bool) {
        self.is_at_rest = is_at_rest;
    }

    /// Moves the KV cache to disk, once what is being computed is done.
    pub(crate) fn spill(&mut self) -> Result<SpilledCache, EngineError> {
        eval(self.pending_arrays())?;
        let spilled = SpilledCache::spill(&mut self.cache.model_cache)?;
        allocator::clear_cache()?;
        Ok(spilled)
    }

    /// Brings it back.
    pub(crate) fn bring_back(&mut self, spilled: SpilledCache) -> Result<(), EngineError> {
        spilled.restore(&mut self.cache.model_cache)
    }

    /// What the cache has seen, to be kept for later; `None` after a failure.
    pub(crate) fn into_seen(mut self) -> Option<Seen> {
        if matches!(self.state, State::Failed) {
            return None;
        }
        // The last tokens may not have been computed, or computed for nothing.
        let known = self.tokens.len().min(self.cache.tokens() as usize);
        let ahead = self.cache.tokens() as usize - known;
        if ahead > 0 && !self.cache.trim(ahead) {
            return None;
        }
        self.tokens.truncate(known);
        Some(Seen {
            tokens: self.tokens,
            kv: self.cache,
        })
    }
}

fn failed_together() -> EngineError {
    EngineError::Interrupted(
        "a step failed that was computed for several generations at once".to_owned(),
    )
}
