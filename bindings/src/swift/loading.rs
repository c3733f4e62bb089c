//! Models on their way into memory, each on a thread of its own.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};

use headroom_engine::{EngineError, Model};
use headroom_models::ModelError;

use super::bridge::ffi::{BridgedHub, BridgedProgress};
use super::error::{BridgedError, bridged};
use super::handles::BridgedModel;
use crate::fault::{Fault, FaultKind};
use crate::guard::{guarded, guarded_or};
use crate::named_models::{self, HubChoice, ModelProgress, OnProgress, Stage};

/// A model that is being loaded, and downloaded before if need be.
pub(crate) struct BridgedLoading {
    progress: Mutex<Receiver<ModelProgress>>,
    model: Mutex<Receiver<Result<Model, Fault>>>,
    is_cancelled: Arc<AtomicBool>,
}

pub(crate) fn bridged_load(directory: String) -> BridgedLoading {
    BridgedLoading::start(move |on_progress| {
        let model = Model::load(Path::new(&directory), |now| on_progress(now.into()))?;
        Ok(model)
    })
}

pub(crate) fn bridged_load_by_name(name: String, hub: BridgedHub) -> BridgedLoading {
    let choice = HubChoice {
        cache_directory: hub.cache_directory,
        token: hub.token,
        is_offline: hub.is_offline,
    };
    BridgedLoading::start(move |on_progress| named_models::load(&name, &choice, on_progress))
}

impl BridgedLoading {
    fn start(load: impl FnOnce(OnProgress) -> Result<Model, Fault> + Send + 'static) -> Self {
        let is_cancelled = Arc::new(AtomicBool::new(false));
        let (progress, heard) = channel();
        let (reply, model) = channel();
        let stop = Arc::clone(&is_cancelled);
        let work = move || {
            let mut on_progress = |now| {
                let is_wanted = progress.send(now).is_ok() && !stop.load(Ordering::Relaxed);
                match is_wanted {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            };
            // Nobody waits for it when Swift has dropped the loading.
            drop(reply.send(guarded(|| load(&mut on_progress))));
        };
        // Where no thread can be had, the channels close at once and `finish` says that loading
        // ended.
        let name = "headroom-load".to_owned();
        drop(std::thread::Builder::new().name(name).spawn(work));
        Self {
            progress: Mutex::new(heard),
            model: Mutex::new(model),
            is_cancelled,
        }
    }

    /// Waits for news; `None` when loading has ended.
    pub(crate) fn next_progress(&self) -> Option<BridgedProgress> {
        guarded_or(None, || {
            let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            let ModelProgress {
                stage,
                done_bytes,
                total_bytes,
            } = progress.recv().ok()?;
            Some(BridgedProgress {
                is_download: stage == Stage::Download,
                done_bytes,
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
            Ok(BridgedModel::from(model?))
        })
    }

    pub(crate) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }
}
