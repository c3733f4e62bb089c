//! The models there are, with what belongs to each: the generations that decode together, and what
//! has been kept of earlier ones. Lives on MLX's thread.

use std::collections::HashMap;
use std::rc::Rc;

use headroom_models::LanguageModel;

use crate::decoding::{DecodeGroup, NewToken, SharedGenerator};
use crate::error::EngineError;
use crate::memory::memory_state;
use crate::model_id::ModelId;
use crate::prompt_store::{Ahead, CacheInUse, PromptCacheId, PromptCaches, Seen};

/// The models there are.
#[derive(Default)]
pub(crate) struct ModelStore {
    models: HashMap<ModelId, StoredModel>,
    pub(crate) prompt_caches: PromptCaches,
}

struct StoredModel {
    model: Box<dyn LanguageModel>,
    weights_bytes: u64,
    /// Cloned by everyone who is at work with the model.
    in_use: InUse,
    group: DecodeGroup,
}

/// Held while a model is needed: it keeps the model from being unloaded as idle.
#[derive(Clone, Default)]
pub(crate) struct InUse(Rc<()>);

impl StoredModel {
    fn is_idle(&self) -> bool {
        Rc::strong_count(&self.in_use.0) == 1
    }
}

impl ModelStore {
    pub(crate) fn get(&self, id: ModelId) -> Result<&dyn LanguageModel, EngineError> {
        let stored = self.models.get(&id).ok_or(EngineError::Unloaded)?;
        Ok(stored.model.as_ref())
    }

    /// What keeps the model loaded while it is held.
    pub(crate) fn in_use(&self, id: ModelId) -> Result<InUse, EngineError> {
        let stored = self.models.get(&id).ok_or(EngineError::Unloaded)?;
        Ok(stored.in_use.clone())
    }

    /// The next token of a generation whose prompt is computed. The first who asks computes the next
    /// step of all generations with the same model.
    pub(crate) fn next_token(
        &mut self,
        generator: &SharedGenerator,
    ) -> Result<NewToken, EngineError> {
        let (model, draft) = generator.borrow().models();
        if let Some(draft) = draft {
            let (model, draft) = (self.get(model)?, self.get(draft)?);
            return generator.borrow_mut().speculate(model, draft);
        }
        let stored = self.models.get_mut(&model).ok_or(EngineError::Unloaded)?;
        stored.group.next_token(stored.model.as_ref(), generator)
    }

    /// What a generation of a sequence starts from.
    pub(crate) fn take_prompt_cache(
        &mut self,
        id: ModelId,
        cache: CacheInUse,
        ahead: Ahead<'_>,
    ) -> Result<Seen, EngineError> {
        let stored = self.models.get(&id).ok_or(EngineError::Unloaded)?;
        let model = (id, stored.model.as_ref());
        self.prompt_caches.take(cache, model, ahead)
    }

    /// Keeps what a generation leaves, and lets others go that there is no room for.
    pub(crate) fn put_prompt_cache_back(&mut self, cache: PromptCacheId, seen: Seen) {
        self.prompt_caches.put_back(cache, seen);
        let available = memory_state().ok().and_then(|state| state.available_bytes);
        self.prompt_caches.keep_within_limit(available, cache);
    }

    /// The generations that decode together with one model.
    pub(crate) fn group(&mut self, id: ModelId) -> Result<&mut DecodeGroup, EngineError> {
        let stored = self.models.get_mut(&id).ok_or(EngineError::Unloaded)?;
        Ok(&mut stored.group)
    }

    pub(crate) fn insert(
        &mut self,
        id: ModelId,
        model: Box<dyn LanguageModel>,
        weights_bytes: u64,
    ) {
        let stored = StoredModel {
            model,
            weights_bytes,
            in_use: InUse::default(),
            group: DecodeGroup::default(),
        };
        self.models.insert(id, stored);
    }

    /// Bytes of the models that nobody is at work with, `but` one left out.
    pub(crate) fn idle_bytes(&self, but: ModelId) -> u64 {
        let idle = self
            .models
            .iter()
            .filter(|(id, stored)| **id != but && stored.is_idle());
        idle.map(|(_, stored)| stored.weights_bytes).sum()
    }

    /// Unloads them.
    pub(crate) fn unload_idle(&mut self, but: ModelId) {
        self.models
            .retain(|id, stored| *id == but || !stored.is_idle());
        let models = &self.models;
        self.prompt_caches
            .retain_models(|id| models.contains_key(&id));
    }

    pub(crate) fn remove(&mut self, id: ModelId) {
        self.models.remove(&id);
        self.prompt_caches.retain_models(|model| model != id);
    }

    /// Lets everything go.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}
