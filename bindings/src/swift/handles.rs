//! The values behind Swift's handles, and what can be asked of them.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};

use headroom_engine::{
    ChatSession, EngineError, LoadProgress, Model, Prompt, clear_allocator_cache, memory_state,
    use_metal_library,
};
use headroom_models::ModelError;

use super::bridge::ffi::{BridgedEvent, BridgedMemoryState, BridgedParameters, BridgedProgress};
use crate::c::error::hr_code;
use crate::fault::{Fault, FaultKind};
use crate::guard::{guarded, guarded_or};
use crate::running::RunningGeneration;

/// Why a call failed.
pub(crate) struct BridgedError(Fault);

impl BridgedError {
    /// The number that C shows for the same failure.
    pub(crate) fn code(&self) -> u32 {
        hr_code::from(self.0.kind) as u32
    }

    pub(crate) fn message(&self) -> String {
        self.0.message.clone()
    }
}

fn bridged<T>(body: impl FnOnce() -> Result<T, Fault>) -> Result<T, BridgedError> {
    guarded(body).map_err(BridgedError)
}

pub(crate) fn bridged_memory_state() -> Result<BridgedMemoryState, BridgedError> {
    bridged(|| Ok(memory_state()?.into()))
}

pub(crate) fn bridged_clear_cache() -> Result<(), BridgedError> {
    bridged(|| Ok(clear_allocator_cache()?))
}

pub(crate) fn bridged_use_metal_library(path: String) -> Result<(), BridgedError> {
    bridged(|| Ok(use_metal_library(&path)?))
}

/// Fails on purpose, so that tests can see that no panic gets through.
pub(crate) fn bridged_panic() -> Result<(), BridgedError> {
    bridged(|| panic!("on purpose"))
}

/// A model that is being loaded on a thread of its own.
pub(crate) struct BridgedLoading {
    progress: Mutex<Receiver<LoadProgress>>,
    model: Mutex<Receiver<Result<Model, EngineError>>>,
    is_cancelled: Arc<AtomicBool>,
}

pub(crate) fn bridged_load(directory: String) -> BridgedLoading {
    let is_cancelled = Arc::new(AtomicBool::new(false));
    let (progress, heard) = channel();
    let (reply, model) = channel();
    let stop = Arc::clone(&is_cancelled);
    let load = move || {
        let model = Model::load(Path::new(&directory), |now| {
            let is_wanted = progress.send(now).is_ok() && !stop.load(Ordering::Relaxed);
            if is_wanted {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        // Nobody waits for it when Swift has dropped the loading.
        drop(reply.send(model));
    };
    // Where no thread can be had, the channels close at once and `finish` says that loading ended.
    let name = "headroom-load".to_owned();
    drop(std::thread::Builder::new().name(name).spawn(load));
    BridgedLoading {
        progress: Mutex::new(heard),
        model: Mutex::new(model),
        is_cancelled,
    }
}

impl BridgedLoading {
    /// Waits for news; `None` when loading has ended.
    pub(crate) fn next_progress(&self) -> Option<BridgedProgress> {
        guarded_or(None, || {
            let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            let LoadProgress {
                read_bytes,
                total_bytes,
            } = progress.recv().ok()?;
            Some(BridgedProgress {
                read_bytes,
                total_bytes,
            })
        })
    }

    /// Waits for the model; it can be had once.
    pub(crate) fn finish(&self) -> Result<BridgedModel, BridgedError> {
        bridged(|| {
            if self.is_cancelled.load(Ordering::Relaxed) {
                return Err(EngineError::from(ModelError::Cancelled).into());
            }
            let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
            let model = model.recv().map_err(|_| {
                Fault::new(
                    FaultKind::Interrupted,
                    "loading has ended without a model, or its model was taken before; load it again",
                )
            })?;
            Ok(BridgedModel(model?))
        })
    }

    pub(crate) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }
}

/// A loaded model.
pub(crate) struct BridgedModel(Model);

impl BridgedModel {
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

impl BridgedSession {
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
}
