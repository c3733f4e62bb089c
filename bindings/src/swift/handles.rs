//! The values behind Swift's handles, and what can be asked of them.

use std::path::Path;
use std::time::Duration;

use headroom_engine::{ChatSession, DraftModel, Model, Prompt, Spill, use_metal_library};

use super::bridge::ffi::{BridgedEvent, BridgedParameters};
use super::caches::{BridgedAids, BridgedCache};
use super::error::{BridgedError, bridged};
use crate::guard::guarded_or;
use crate::running::RunningGeneration;

pub(crate) fn bridged_use_metal_library(path: String) -> Result<(), BridgedError> {
    bridged(|| Ok(use_metal_library(&path)?))
}

/// Fails on purpose, so that tests can see that no panic gets through.
pub(crate) fn bridged_panic() -> Result<(), BridgedError> {
    bridged(|| panic!("on purpose"))
}

/// A loaded model.
pub(crate) struct BridgedModel(Model);

impl From<Model> for BridgedModel {
    fn from(model: Model) -> Self {
        Self(model)
    }
}

impl BridgedModel {
    pub(super) fn model(&self) -> &Model {
        &self.0
    }

    pub(crate) fn has_chat_template(&self) -> bool {
        self.0.has_chat_template()
    }

    pub(crate) fn vocabulary_size(&self) -> u32 {
        self.0.shape().vocabulary_size
    }

    pub(crate) fn context_length(&self) -> Option<u32> {
        self.0.shape().context_length
    }

    pub(crate) fn generate(
        &self,
        prompt: String,
        parameters: BridgedParameters,
    ) -> Result<BridgedGeneration, BridgedError> {
        bridged(|| {
            let generation = self.0.generate(&Prompt::Text(prompt), &parameters.into())?;
            Ok(BridgedGeneration(generation.into()))
        })
    }

    pub(crate) fn generate_with(
        &self,
        prompt: String,
        parameters: BridgedParameters,
        aids: &BridgedAids,
    ) -> Result<BridgedGeneration, BridgedError> {
        bridged(|| {
            let (prompt, parameters) = (Prompt::Text(prompt), parameters.into());
            let generation = self.0.generate_with(&prompt, &parameters, &aids.aids())?;
            Ok(BridgedGeneration(generation.into()))
        })
    }
}

/// A conversation.
pub(crate) struct BridgedSession(ChatSession);

pub(crate) fn bridged_session(
    model: &BridgedModel,
    instructions: Option<String>,
    parameters: BridgedParameters,
) -> BridgedSession {
    BridgedSession(ChatSession::new(
        model.0.clone(),
        instructions,
        parameters.into(),
    ))
}

pub(crate) fn bridged_session_with_cache(
    cache: &BridgedCache,
    instructions: Option<String>,
    parameters: BridgedParameters,
) -> BridgedSession {
    let session = ChatSession::with_cache(cache.cache().clone(), parameters.into());
    session.set_instructions(instructions);
    BridgedSession(session)
}

pub(crate) fn bridged_load_session(
    model: &BridgedModel,
    path: String,
    parameters: BridgedParameters,
) -> Result<BridgedSession, BridgedError> {
    bridged(|| {
        let session = ChatSession::load(&model.0, Path::new(&path), parameters.into())?;
        Ok(BridgedSession(session))
    })
}

impl BridgedSession {
    pub(crate) fn save(&self, path: String) -> Result<(), BridgedError> {
        bridged(|| Ok(self.0.save(Path::new(&path))?))
    }

    pub(crate) fn cache(&self) -> BridgedCache {
        self.0.cache().clone().into()
    }

    pub(crate) fn set_instructions(&self, instructions: Option<String>) {
        guarded_or((), || self.0.set_instructions(instructions));
    }

    pub(crate) fn set_draft(&self, draft: &BridgedModel, tokens: u32) -> Result<(), BridgedError> {
        bridged(|| {
            let draft = DraftModel::new(self.0.cache().model(), &draft.0, tokens)?;
            self.0.set_draft(Some(draft));
            Ok(())
        })
    }

    pub(crate) fn respond(&self, text: String) -> Result<BridgedGeneration, BridgedError> {
        bridged(|| Ok(BridgedGeneration(self.0.respond(&text)?.into())))
    }

    pub(crate) fn reset(&self) {
        guarded_or((), || self.0.reset());
    }
}

/// A generation under way.
pub(crate) struct BridgedGeneration(RunningGeneration);

impl BridgedGeneration {
    /// Waits for the next event; `Over` after the last.
    pub(crate) fn next_event(&self) -> Result<BridgedEvent, BridgedError> {
        bridged(|| {
            Ok(self
                .0
                .next()?
                .map_or(BridgedEvent::Over, BridgedEvent::from))
        })
    }

    pub(crate) fn cancel(&self) {
        self.0.cancel();
    }

    /// Pauses, and waits until nothing is computed any more; false if that takes too long. A time
    /// that is none is no patience.
    pub(crate) fn pause(&self, to_disk: bool, patience_seconds: f64) -> bool {
        let spill = match to_disk {
            true => Spill::ToDisk,
            false => Spill::Keep,
        };
        let patience = Duration::try_from_secs_f64(patience_seconds).unwrap_or_default();
        guarded_or(false, || self.0.pause(spill, patience))
    }

    pub(crate) fn resume(&self) {
        guarded_or((), || self.0.resume());
    }
}
