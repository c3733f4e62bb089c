//! The small model of speculative decoding, which proposes tokens.

use std::sync::Arc;

use headroom_mlx::ops::indexing::{TryIndexOp, argmax_axis};
use headroom_mlx::ops::transforms::eval;
use headroom_models::{LanguageModel, LogitRows};

use crate::error::{EngineError, unreadable};
use crate::kv_cache::{CacheSettings, KvCache};
use crate::model_id::ModelId;
use crate::text_codec::TextCodec;
use crate::token_ids::ids;

/// What a generation's draft is to be.
#[derive(Clone)]
pub(crate) struct DraftPlan {
    pub(crate) model: ModelId,
    /// The most tokens proposed at once.
    pub(crate) count: usize,
    /// The large model's, which knows what ends an answer.
    pub(crate) codec: Arc<TextCodec>,
}

impl DraftPlan {
    pub(crate) fn start(
        &self,
        model: &dyn LanguageModel,
        most_tokens: u32,
    ) -> Result<Draft, EngineError> {
        let mut cache = KvCache::new(model, CacheSettings::default())?;
        cache.model_cache.expect(most_tokens);
        Ok(Draft {
            model: self.model,
            count: self.count,
            cache,
            codec: Arc::clone(&self.codec),
        })
    }
}

/// The small model of one generation.
pub(crate) struct Draft {
    pub(crate) model: ModelId,
    /// The most tokens proposed at once.
    pub(crate) count: usize,
    /// Has seen the first of the generation's tokens.
    cache: KvCache,
    /// The large model's, which knows what ends an answer.
    pub(crate) codec: Arc<TextCodec>,
}

impl Draft {
    /// The `count` tokens that this model finds likeliest behind `tokens`.
    pub(crate) fn propose(
        &mut self,
        model: &dyn LanguageModel,
        tokens: &[u32],
        count: usize,
        step: usize,
    ) -> Result<Vec<u32>, EngineError> {
        let mut proposals = Vec::with_capacity(count);
        let mut unseen = tokens[self.cache.tokens() as usize..].to_vec();
        while proposals.len() < count {
            let token = self.likeliest_after(model, &unseen, step)?;
            proposals.push(token);
            unseen = vec![token];
        }
        Ok(proposals)
    }

    fn likeliest_after(
        &mut self,
        model: &dyn LanguageModel,
        unseen: &[u32],
        step: usize,
    ) -> Result<u32, EngineError> {
        let mut likeliest = None;
        for chunk in unseen.chunks(step) {
            let caches = &mut [&mut self.cache.model_cache];
            let logits = model.forward(&ids(chunk), caches, LogitRows::Last)?;
            let token = argmax_axis(&logits.try_index((0, -1, ..))?, -1, false)?;
            eval([&token])?;
            likeliest = Some(token);
        }
        let token = likeliest.ok_or_else(|| unreadable("the draft has nothing to go on"))?;
        token.try_item_exact::<u32>().map_err(unreadable)
    }

    /// Forgets what is not among the generation's first `tokens`.
    pub(crate) fn go_back(&mut self, tokens: usize) {
        let surplus = (self.cache.tokens() as usize).saturating_sub(tokens);
        self.cache.trim(surplus);
    }
}
