//! A prompt cache on disk: safetensors, with what it belongs to in its metadata. Read with the same
//! mistrust as a model.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use headroom_formats::{Checkpoint, Dtype as StoredDtype};
use headroom_mlx::{Array, Dtype, array_from_bytes};
use headroom_models::{CacheDescription, LanguageModel, ModelCache};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::PromptCache;
use super::writing::{Tensor, write_whole};
use crate::chat_template::ChatMessage;
use crate::error::{CacheFileFault, EngineError};
use crate::fit::require_room_for_bytes;
use crate::kv_cache::{CacheSettings, KvCache};
use crate::mlx_thread::MlxThread;
use crate::model::Model;
use crate::model_store::ModelStore;
use crate::prompt_store::{PromptCacheId, Seen};
use crate::transcript::Transcript;

const FORMAT: &str = "headroom-prompt-cache";
const VERSION: &str = "1";
/// The ids that the cache has seen, uint32 `(tokens)`.
const TOKENS: &str = "tokens";
/// [`SavedConversation`] as JSON, uint8.
const CONVERSATION: &str = "conversation";

/// What was said, beside what the model has seen of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedConversation {
    pub(crate) messages: Vec<ChatMessage>,
    pub(crate) transcript: Option<Transcript>,
}

/// A cache on its way to or from a file.
pub(crate) struct CacheFile {
    cache: PromptCacheId,
    settings: CacheSettings,
    fingerprint: String,
}

impl CacheFile {
    pub(crate) fn of(cache: &PromptCache) -> Result<Self, EngineError> {
        Ok(Self {
            cache: cache.id(),
            settings: cache.settings(),
            fingerprint: cache.model().fingerprint()?,
        })
    }

    /// Writes the cache, as far as it is not at work or had to go, and the conversation.
    pub(crate) fn write(
        self,
        path: &Path,
        conversation: &SavedConversation,
    ) -> Result<(), EngineError> {
        let path = path.to_owned();
        let conversation = json(conversation)?;
        MlxThread::shared()?.call(move |store| {
            let seen = store.prompt_caches.get(self.cache);
            let mut metadata = self.metadata()?;
            let mut tensors = vec![Tensor::text(CONVERSATION, conversation)];
            if let Some(seen) = seen {
                let (description, arrays) = seen.kv.model_cache.to_parts()?;
                metadata.insert("cache".to_owned(), json(&description)?);
                tensors.push(Tensor::ids(TOKENS, &seen.tokens));
                let arrays = arrays.into_iter();
                tensors.extend(arrays.map(|(name, array)| Tensor::array(&name, array)));
            }
            write_whole(&path, &tensors, metadata)
        })?
    }

    fn metadata(&self) -> Result<HashMap<String, String>, EngineError> {
        Ok(HashMap::from([
            ("format".to_owned(), FORMAT.to_owned()),
            ("version".to_owned(), VERSION.to_owned()),
            ("model".to_owned(), self.fingerprint.clone()),
            ("settings".to_owned(), json(&self.settings)?),
        ]))
    }

    /// Reads a cache for `model`, and the conversation that lies with it.
    pub(crate) fn read(
        model: &Model,
        path: &Path,
    ) -> Result<(PromptCache, SavedConversation), EngineError> {
        let file = SavedFile::open(model, path)?;
        let conversation = file.conversation()?;
        let settings: CacheSettings = file.parsed("settings")?;
        settings
            .validate()
            .map_err(|error| file.damaged(error.to_string()))?;
        require_room_for_bytes(path, file.checkpoint.total_bytes())?;
        let model_id = model.id();
        let cache = PromptCache::starting_from(model, settings, move |store: &ModelStore| {
            file.seen(store.get(model_id)?, settings)
        })?;
        Ok((cache, conversation))
    }
}

/// A file that belongs to the model at hand.
struct SavedFile {
    path: PathBuf,
    checkpoint: Checkpoint,
}

impl SavedFile {
    fn open(model: &Model, path: &Path) -> Result<Self, EngineError> {
        let file = Self {
            path: path.to_owned(),
            checkpoint: Checkpoint::open_file(path)?,
        };
        let metadata = |key| file.checkpoint.metadata(key);
        let fault = match (metadata("format"), metadata("version"), metadata("model")) {
            (Some(FORMAT), Some(VERSION), Some(fingerprint)) => {
                let is_same = fingerprint == model.fingerprint()?;
                (!is_same).then_some(CacheFileFault::AnotherModel)
            }
            (Some(FORMAT), Some(VERSION), None) => {
                Some(CacheFileFault::Damaged("it names no model".to_owned()))
            }
            (Some(FORMAT), version, _) => Some(CacheFileFault::AnotherVersion(
                version.unwrap_or("none").chars().take(20).collect(),
            )),
            _ => Some(CacheFileFault::NotACache),
        };
        match fault {
            None => Ok(file),
            Some(fault) => Err(file.fault(fault)),
        }
    }

    /// What the model had seen; `None` where the file holds a conversation alone.
    fn seen(
        &self,
        model: &dyn LanguageModel,
        settings: CacheSettings,
    ) -> Result<Option<Seen>, EngineError> {
        if self.checkpoint.metadata("cache").is_none() {
            return Ok(None);
        }
        let description: CacheDescription = self.parsed("cache")?;
        let mut failure = None;
        let mut tensor = |name: &str| match self.tensor(name) {
            Ok(array) => array,
            Err(error) => {
                failure = Some(error);
                None
            }
        };
        let restored = ModelCache::from_parts(&description, model.shape(), &mut tensor);
        if let Some(error) = failure {
            return Err(error);
        }
        let restored = restored.map_err(|error| self.damaged(error.to_string()))?;
        let kv = KvCache::of(model.shape(), restored, settings);
        let tokens = self.tokens(model.shape().vocabulary_size)?;
        match kv.tokens() as usize == tokens.len() {
            true => Ok(Some(Seen { tokens, kv })),
            false => Err(self.damaged("tokens and cache are not equally long")),
        }
    }

    fn tensor(&self, name: &str) -> Result<Option<Array>, EngineError> {
        let Some(info) = self.checkpoint.info(name) else {
            return Ok(None);
        };
        let dtype = match info.dtype {
            StoredDtype::Float32 => Dtype::Float32,
            StoredDtype::Float16 => Dtype::Float16,
            StoredDtype::Bfloat16 => Dtype::Bfloat16,
            StoredDtype::Uint32 => Dtype::Uint32,
            StoredDtype::Int16 => Dtype::Int16,
            _ => return Err(self.damaged(format!("{name} is of a type that no cache has"))),
        };
        let bytes = self.checkpoint.read(name)?;
        Ok(Some(array_from_bytes(&bytes, &info.shape, dtype)?))
    }

    fn tokens(&self, vocabulary_size: u32) -> Result<Vec<u32>, EngineError> {
        let is_list = self
            .checkpoint
            .info(TOKENS)
            .is_some_and(|info| info.dtype == StoredDtype::Uint32 && info.shape.len() == 1);
        if !is_list {
            return Err(self.damaged("its tokens are missing"));
        }
        let bytes = self.checkpoint.read(TOKENS)?;
        let ids = bytes.chunks_exact(4);
        let tokens: Vec<u32> = ids
            .map(|id| u32::from_le_bytes([id[0], id[1], id[2], id[3]]))
            .collect();
        match tokens.iter().all(|&id| id < vocabulary_size) {
            true => Ok(tokens),
            false => Err(self.damaged("it has tokens beyond the model's vocabulary")),
        }
    }

    fn conversation(&self) -> Result<SavedConversation, EngineError> {
        if !self.checkpoint.contains(CONVERSATION) {
            return Ok(SavedConversation::default());
        }
        let bytes = self.checkpoint.read(CONVERSATION)?;
        serde_json::from_slice(&bytes).map_err(|error| self.damaged(error.to_string()))
    }

    fn parsed<T: DeserializeOwned>(&self, key: &str) -> Result<T, EngineError> {
        let text = self.checkpoint.metadata(key).unwrap_or_default();
        serde_json::from_str(text).map_err(|error| self.damaged(format!("{key}: {error}")))
    }

    fn damaged(&self, reason: impl Into<String>) -> EngineError {
        self.fault(CacheFileFault::Damaged(reason.into()))
    }

    fn fault(&self, fault: CacheFileFault) -> EngineError {
        EngineError::CacheFile {
            path: self.path.clone(),
            fault,
        }
    }
}

fn json<T: Serialize>(value: &T) -> Result<String, EngineError> {
    serde_json::to_string(value).map_err(|error| EngineError::Interrupted(error.to_string()))
}
