//! A generation under way on MLX's thread: its generator, its governor, and what it holds.

use std::cell::RefCell;
use std::rc::Rc;

use headroom_memory::ActionReport;

use crate::adaptive_cache::adapt;
use crate::controls::Spill;
use crate::decoding::SharedGenerator;
use crate::error::EngineError;
use crate::fit::{Predictor, clamped};
use crate::generation_request::GenerationRequest;
use crate::governing::{Governing, Look};
use crate::model_id::ModelId;
use crate::model_store::{InUse, ModelStore};
use crate::parameters::Governing as GoverningMode;
use crate::prompt_store::{Ahead, Seen};
use crate::sampler::Sampler;
use crate::spill::SpilledCache;
use crate::token_generator::{GeneratorParts, TokenGenerator};

/// A generation under way.
pub(crate) struct Work {
    pub(crate) generator: SharedGenerator,
    model: ModelId,
    governing: Option<Governing>,
    rest: Rest,
    /// Prompt tokens that need not be computed.
    pub(crate) cached_tokens: usize,
    _in_use: [Option<InUse>; 2],
}

/// Whether the host has paused the generation.
enum Rest {
    None,
    InMemory,
    OnDisk(SpilledCache),
}

impl Work {
    /// Takes what is cached of the prompt and joins those that decode with the same model.
    pub(crate) fn begin(
        request: &GenerationRequest,
        store: &mut ModelStore,
    ) -> Result<Self, EngineError> {
        let model = request.model;
        let generator = generator(request, store)?;
        let cached_tokens = request.prompt.len() - generator.remaining_prompt_tokens();
        let governing = match request.parameters.governing {
            GoverningMode::Off => None,
            GoverningMode::On => {
                let step = request.parameters.prefill_step;
                Some(Governing::new(request.predictor.clone(), model, step))
            }
        };
        let draft = request.draft.as_ref();
        let draft = draft.map(|draft| store.in_use(draft.model)).transpose()?;
        let generator = Rc::new(RefCell::new(generator));
        store.group(model)?.join(&generator);
        Ok(Self {
            generator,
            model,
            governing,
            rest: Rest::None,
            cached_tokens,
            _in_use: [Some(store.in_use(model)?), draft],
        })
    }

    /// Rests or goes on, as the host has asked.
    pub(crate) fn rest(&mut self, asked: Option<Spill>) -> Result<(), EngineError> {
        let mut generator = self.generator.borrow_mut();
        generator.set_at_rest(asked.is_some());
        match (asked, std::mem::replace(&mut self.rest, Rest::None)) {
            (None, Rest::OnDisk(spilled)) => generator.bring_back(spilled)?,
            (None, Rest::None | Rest::InMemory) => {}
            (Some(Spill::Keep), Rest::None) => self.rest = Rest::InMemory,
            (Some(Spill::ToDisk), Rest::None) => {
                // A disk that is full is no reason to lose the generation.
                self.rest = generator.spill().map_or(Rest::InMemory, Rest::OnDisk);
            }
            (Some(_), resting) => self.rest = resting,
        }
        Ok(())
    }

    /// Chooses the cache again before it grows, where it is one that adapts.
    pub(crate) fn adapt(&self, predictor: &Predictor) -> Result<Vec<ActionReport>, EngineError> {
        let generator = &mut self.generator.borrow_mut();
        if !generator.cache.settings().adapts || !generator.is_about_to_grow() {
            return Ok(Vec::new());
        }
        let tokens = generator.tokens_of_prompt_and_next();
        adapt(&mut generator.cache, predictor, tokens)
    }

    /// Lets the governor look where it is due.
    pub(crate) fn govern(&mut self, store: &mut ModelStore) -> Result<Look, EngineError> {
        let Some(governing) = &mut self.governing else {
            return Ok(Look::default());
        };
        let companions = store.group(self.model)?.companions_of(&self.generator);
        governing.notice(&companions);
        let generator = &mut self.generator.borrow_mut();
        match governing.is_due(generator) {
            true => governing.look(generator, store),
            false => Ok(Look::default()),
        }
    }

    /// What the cache has seen, for later; nothing where it lies on disk, for the host wanted the
    /// memory.
    pub(crate) fn into_seen(self) -> Option<Seen> {
        match self.rest {
            Rest::OnDisk(_) => None,
            _ => Rc::into_inner(self.generator)?.into_inner().into_seen(),
        }
    }
}

/// A generator that starts from what is cached of the prompt.
fn generator(
    request: &GenerationRequest,
    store: &mut ModelStore,
) -> Result<TokenGenerator, EngineError> {
    let GenerationRequest {
        model,
        parameters,
        prompt,
        ..
    } = request;
    let most_tokens = clamped(prompt.len().saturating_add(request.token_limit));
    let seen = match request.cache {
        Some(cache) => {
            let ahead = Ahead {
                prompt,
                most_tokens,
            };
            store.take_prompt_cache(*model, cache, ahead)?
        }
        None => Seen::nothing(store.get(*model)?, parameters.into(), most_tokens)?,
    };
    let draft = request.draft.as_ref();
    let draft = draft.map(|draft| draft.start(store.get(draft.model)?, most_tokens));
    Ok(TokenGenerator::new(GeneratorParts {
        model: *model,
        sampler: Sampler::new(request.sampling.clone(), prompt)?,
        prompt: prompt.clone(),
        seen,
        prefill_step: parameters.prefill_step as usize,
        token_limit: request.token_limit,
        draft: draft.transpose()?,
    }))
}
