//! A model's weights on MLX's thread: loaded from the host's, gone when their owner is.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use headroom_models::{
    EmbeddingPlacement, LanguageModel, LoadProgress, ModelError, ModelOutline, ModelShape, open,
};

use crate::controls::Canceller;
use crate::error::EngineError;
use crate::fit::Predictor;
use crate::memory;
use crate::mlx_thread::MlxThread;
use crate::model_id::ModelId;

/// Weights on MLX's thread.
pub(crate) struct LoadedWeights {
    id: UnloadedOnDrop,
    pub(crate) shape: ModelShape,
    pub(crate) predictor: Predictor,
    pub(crate) directory: PathBuf,
}

/// Takes a model's weights away when dropped, even if loading it has not ended yet.
struct UnloadedOnDrop(ModelId);

impl LoadedWeights {
    /// Loads the model in `directory`; once `on_progress` has stopped it, it is cancelled for certain,
    /// even when the last byte had been read before the host was heard.
    pub(crate) fn load(
        directory: &Path,
        outline: &ModelOutline,
        embedding: EmbeddingPlacement,
        on_progress: impl FnMut(LoadProgress) -> ControlFlow<()>,
    ) -> Result<Self, EngineError> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let id = ModelId(NEXT_ID.fetch_add(1, Ordering::Relaxed));
        let owned_id = UnloadedOnDrop(id);
        memory::prepare_allocator()?;
        let weights_bytes = outline.weights_bytes_with(embedding);
        let (progress, heard) = channel();
        let (reply, result) = channel();
        let stop = Canceller::default();
        let (path, stopped) = (directory.to_owned(), stop.clone());
        MlxThread::shared()?.call_later(move |store| {
            let model = read(&path, embedding, &progress, &stopped);
            let shape = model.map(|model| {
                let shape = model.shape().clone();
                store.insert(id, model, weights_bytes);
                shape
            });
            drop(progress);
            // Where the host is gone, so is its id, and the weights go with it.
            drop(reply.send(shape));
        })?;
        report(&heard, on_progress, &stop);
        if stop.is_cancelled() {
            return Err(ModelError::Cancelled.into());
        }
        let shape = result
            .recv()
            .map_err(|_| EngineError::Interrupted("a fault stopped the loading".to_owned()))??;
        Ok(Self {
            id: owned_id,
            shape,
            predictor: Predictor::of_outline(outline, embedding),
            directory: directory.to_owned(),
        })
    }

    pub(crate) fn id(&self) -> ModelId {
        self.id.0
    }
}

fn read(
    directory: &Path,
    embedding: EmbeddingPlacement,
    progress: &Sender<LoadProgress>,
    stop: &Canceller,
) -> Result<Box<dyn LanguageModel>, ModelError> {
    headroom_mlx::warm_up_products()?;
    open(
        directory,
        embedding,
        &mut |now| match progress.send(now).is_err() || stop.is_cancelled() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        },
    )
}

/// Passes progress on until the loading ends; host code runs here, on the host's own thread.
fn report(
    heard: &Receiver<LoadProgress>,
    mut on_progress: impl FnMut(LoadProgress) -> ControlFlow<()>,
    stop: &Canceller,
) {
    for progress in heard {
        if on_progress(progress).is_break() {
            stop.cancel();
        }
    }
}

impl Drop for UnloadedOnDrop {
    fn drop(&mut self) {
        let id = self.0;
        // When the thread is gone, so are the weights.
        if let Ok(thread) = MlxThread::shared() {
            drop(thread.call_later(move |store| {
                store.remove(id);
                drop(headroom_mlx::allocator::clear_cache());
            }));
        }
    }
}
