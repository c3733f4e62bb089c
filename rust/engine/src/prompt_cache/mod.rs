//! Prompt caches as hosts hold them.

mod file;
mod writing;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use headroom_memory::KvQuantization;

use crate::error::EngineError;
use crate::kv_cache::{CacheKind, CacheSettings, refuse_uneven_groups};
use crate::mlx_thread::MlxThread;
use crate::model::Model;
use crate::model_store::ModelStore;
use crate::prompt_store::{CacheInUse, PromptCacheId, Seen};

pub(crate) use file::{CacheFile, SavedConversation};

/// What a model has seen of a prompt, kept from one generation to the next: a prompt that begins with
/// the same tokens starts from there, and only the rest is computed.
///
/// When memory gets tight the governor may empty it; the next generation then computes all of its
/// prompt. Cheap to clone; the clones are one cache.
#[derive(Clone)]
pub struct PromptCache {
    model: Model,
    id: Arc<ReleasedOnDrop>,
    settings: CacheSettings,
}

/// What a cache is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct CacheState {
    /// Tokens that it has seen; 0 while a generation works with it, and after it had to go.
    pub tokens: u32,
    /// What it takes, spare positions included.
    pub bytes: u64,
    /// Which tokens it keeps.
    #[serde(flatten)]
    pub kind: CacheKind,
    /// How keys and values are quantised; `None` as they were computed.
    pub quantization: Option<KvQuantization>,
}

/// Lets a cache go with its last handle.
struct ReleasedOnDrop(PromptCacheId);

impl Drop for ReleasedOnDrop {
    fn drop(&mut self) {
        let id = self.0;
        // When the thread is gone, so are the caches.
        if let Ok(thread) = MlxThread::shared() {
            drop(thread.call_later(move |store| store.prompt_caches.release(id)));
        }
    }
}

impl PromptCache {
    /// An empty cache for `model`.
    ///
    /// # Errors
    /// When a setting is out of range, or the model's heads cannot be cut into groups of that size.
    pub fn new(model: &Model, settings: CacheSettings) -> Result<Self, EngineError> {
        settings.validate()?;
        refuse_uneven_groups(model.shape(), settings.quantization)?;
        Ok(Self::unchecked(model, settings))
    }

    /// An empty cache whose settings are checked when it is first used.
    pub(crate) fn unchecked(model: &Model, settings: CacheSettings) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let id = PromptCacheId(NEXT_ID.fetch_add(1, Ordering::Relaxed));
        Self {
            model: model.clone(),
            id: Arc::new(ReleasedOnDrop(id)),
            settings,
        }
    }

    /// One that starts from what `seen` makes on MLX's thread.
    pub(crate) fn starting_from(
        model: &Model,
        settings: CacheSettings,
        seen: impl FnOnce(&ModelStore) -> Result<Option<Seen>, EngineError> + Send + 'static,
    ) -> Result<Self, EngineError> {
        let cache = Self::unchecked(model, settings);
        let (id, model_id) = (cache.id(), model.id());
        MlxThread::shared()?.call(move |store| {
            if let Some(seen) = seen(store)? {
                store.prompt_caches.insert(id, model_id, settings, seen);
            }
            Ok::<_, EngineError>(())
        })??;
        Ok(cache)
    }

    pub(crate) fn id(&self) -> PromptCacheId {
        self.id.0
    }

    pub(crate) fn in_use(&self) -> CacheInUse {
        CacheInUse {
            id: self.id(),
            settings: self.settings,
        }
    }

    /// The model whose cache it is.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What it was asked to be.
    pub fn settings(&self) -> CacheSettings {
        self.settings
    }

    /// What it is now.
    ///
    /// # Errors
    /// When MLX's thread has ended.
    pub fn state(&self) -> Result<CacheState, EngineError> {
        let (id, settings) = (self.id(), self.settings);
        MlxThread::shared()?.call(move |store| match store.prompt_caches.get(id) {
            Some(seen) => CacheState::of(seen),
            None => CacheState {
                tokens: 0,
                bytes: 0,
                kind: settings.kind,
                quantization: settings.quantization,
            },
        })
    }

    /// Forgets the last `tokens` tokens, or all where it cannot forget some, and says how many are
    /// left.
    ///
    /// # Errors
    /// When MLX's thread has ended.
    pub fn trim(&self, tokens: u32) -> Result<u32, EngineError> {
        let id = self.id();
        MlxThread::shared()?.call(move |store| store.prompt_caches.trim(id, tokens as usize))
    }

    /// A cache of its own that has seen the same.
    ///
    /// # Errors
    /// When MLX's thread has ended.
    pub fn copy(&self) -> Result<Self, EngineError> {
        let id = self.id();
        Self::starting_from(&self.model, self.settings, move |store| {
            Ok(store.prompt_caches.get(id).map(Seen::copy))
        })
    }

    /// Writes it to `path` as safetensors, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written, or the model's own files cannot be read any more.
    pub fn save(&self, path: &Path) -> Result<(), EngineError> {
        CacheFile::of(self)?.write(path, &SavedConversation::default())
    }

    /// Reads a cache that was saved with the same model.
    ///
    /// # Errors
    /// When the file is damaged, of another version, or belongs to another model.
    pub fn load(model: &Model, path: &Path) -> Result<Self, EngineError> {
        let (cache, _) = CacheFile::read(model, path)?;
        Ok(cache)
    }
}

impl CacheState {
    fn of(seen: &Seen) -> Self {
        Self {
            tokens: seen.kv.tokens(),
            bytes: seen.kv.bytes(),
            kind: seen.kv.kind(),
            quantization: seen.kv.quantization(),
        }
    }
}

/// Frees every prompt cache that no generation works with; who needs one computes it again.
///
/// # Errors
/// When MLX refuses.
pub fn drop_idle_prompt_caches() -> Result<(), EngineError> {
    MlxThread::shared()?.call(|store| {
        store.prompt_caches.drop_idle();
        Ok(headroom_mlx::allocator::clear_cache()?)
    })?
}

/// Sets what prompt caches that no generation works with may take together; the least recently used
/// go first. `None` is a quarter of what is available.
///
/// # Errors
/// When MLX's thread has ended.
pub fn set_prompt_cache_limit(limit_bytes: Option<u64>) -> Result<(), EngineError> {
    MlxThread::shared()?.call(move |store| store.prompt_caches.set_limit(limit_bytes))
}
