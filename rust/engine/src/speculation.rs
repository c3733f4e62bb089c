//! Speculative decoding (Leviathan et al., 2023): a small model proposes the next tokens, the large one
//! computes them all in one step and keeps those that it would have sampled itself.
//!
//! The large model's own sampler decides at every position, so the same seed gives the same tokens
//! with and without a draft, at any temperature.

use headroom_mlx::Array;
use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::ops::transforms::eval;
use headroom_models::{LanguageModel, LogitRows};

use crate::draft::Draft;
use crate::error::EngineError;
use crate::kv_cache::KvCache;
use crate::text_codec::TextCodec;
use crate::token_generator::{NewToken, TokenGenerator};
use crate::token_ids::ids;

impl TokenGenerator {
    /// The next token, where a draft model proposes.
    pub(crate) fn speculate(
        &mut self,
        model: &dyn LanguageModel,
        draft_model: &dyn LanguageModel,
    ) -> Result<NewToken, EngineError> {
        if self.ready.is_empty() && self.pending_token().is_some() {
            self.prepare_step()?;
            self.deliver_last()?;
        }
        if self.ready.is_empty()
            && let Some(mut draft) = self.draft.take()
        {
            let stepped = self.step_with(&mut draft, model, draft_model);
            self.draft = Some(draft);
            stepped?;
        }
        let token = self.take_ready()?;
        token.ok_or_else(|| EngineError::Interrupted("a step brought no token".to_owned()))
    }

    fn step_with(
        &mut self,
        draft: &mut Draft,
        model: &dyn LanguageModel,
        draft_model: &dyn LanguageModel,
    ) -> Result<(), EngineError> {
        self.cache.settle()?;
        let count = draft.count.min(self.unsampled.saturating_sub(1));
        let proposals = draft.propose(draft_model, &self.tokens, count, self.prefill_step)?;
        // The newest token is known, but the cache has not seen it.
        let first = self.tokens.len() - 1;
        let chunk = [&self.tokens[first..], &proposals].concat();
        let before = (!self.cache.keeps_all()).then(|| self.cache.copy());
        let logits = self.forward(model, &ids(&chunk), LogitRows::All)?;
        self.keep_agreed(&logits, &proposals, &draft.codec)?;
        let surplus = self.cache.tokens() as usize - (self.tokens.len() - 1);
        match before {
            Some(before) if surplus > 0 => self.compute_again(model, before, first)?,
            _ => drop(self.cache.trim(surplus)),
        }
        draft.go_back(self.tokens.len() - 1);
        Ok(())
    }

    /// Samples row after row as long as the proposals agree.
    fn keep_agreed(
        &mut self,
        logits: &Array,
        proposals: &[u32],
        codec: &TextCodec,
    ) -> Result<(), EngineError> {
        for row in 0..=proposals.len() {
            let at = row as i32;
            let logits = logits.try_index((.., at..at + 1, ..))?;
            let sampled = self.sample(&logits)?;
            let (id, logprobs) = sampled.read()?;
            if self.sampler.needs_tokens() {
                self.sampler.accept(id)?;
            }
            let is_complete = self.sampler.is_complete();
            self.push(NewToken {
                id,
                logprobs,
                is_complete,
            });
            if proposals.get(row) != Some(&id) || is_complete || codec.ends_answer(id) {
                break;
            }
        }
        Ok(())
    }

    /// For a cache that cannot forget: starts from what it was and computes the agreed tokens.
    fn compute_again(
        &mut self,
        model: &dyn LanguageModel,
        before: KvCache,
        first: usize,
    ) -> Result<(), EngineError> {
        self.cache = before;
        let agreed = ids(&self.tokens[first..self.tokens.len() - 1]);
        self.forward(model, &agreed, LogitRows::Last)?;
        Ok(eval(self.cache.arrays())?)
    }
}
