//! A loaded model, as hosts hold it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use headroom_models::{LoadProgress, ModelError, ModelShape, open};

use crate::chat_template::ChatMessage;
use crate::error::EngineError;
use crate::events::{Canceller, Generation};
use crate::generation_task::{GenerationRequest, GenerationTask};
use crate::memory;
use crate::mlx_thread::{MlxThread, ModelId, ModelStore};
use crate::parameters::GenerateParameters;
use crate::text_codec::TextCodec;
use crate::token_generator::all_logits;

/// A model in memory with its tokenizer. Cheap to clone, usable from any thread; the weights go
/// when the last clone does.
#[derive(Clone)]
pub struct Model {
    loaded: Arc<Loaded>,
}

struct Loaded {
    weights: LoadedWeights,
    codec: Arc<TextCodec>,
    load_time: Duration,
}

/// What a model is asked to continue.
#[derive(Debug, Clone, PartialEq)]
pub enum Prompt {
    /// Plain text.
    Text(String),
    /// A conversation, put into the model's own form by its chat template.
    Chat(Vec<ChatMessage>),
}

impl Model {
    /// Loads the model in `directory`. `on_progress` runs on the calling thread and may stop it.
    ///
    /// # Errors
    /// When a file is missing, malformed or does not agree with the others, memory runs out, or
    /// `on_progress` stopped the loading.
    pub fn load(
        directory: &Path,
        on_progress: impl FnMut(LoadProgress) -> ControlFlow<()>,
    ) -> Result<Self, EngineError> {
        let started = Instant::now();
        let weights = LoadedWeights::load(directory, on_progress)?;
        let codec = TextCodec::read(directory, weights.shape.vocabulary_size)?;
        let load_time = started.elapsed();
        Ok(Self {
            loaded: Arc::new(Loaded {
                weights,
                codec: Arc::new(codec),
                load_time,
            }),
        })
    }

    /// Sizes that do not change.
    pub fn shape(&self) -> ModelShape {
        self.loaded.weights.shape
    }

    /// Whether conversations can be put to this model.
    pub fn has_chat_template(&self) -> bool {
        self.loaded.codec.has_chat_template()
    }

    /// Starts a generation and returns at once; its events come as they happen.
    ///
    /// # Errors
    /// When a parameter is out of range, or the prompt is empty, too long, or a conversation for a
    /// model without a template.
    pub fn generate(
        &self,
        prompt: &Prompt,
        parameters: &GenerateParameters,
    ) -> Result<Generation, EngineError> {
        let asked_at = Instant::now();
        parameters.validate()?;
        let prompt = self.tokens_of(prompt)?;
        let token_limit = self.token_limit(prompt.len(), parameters.max_tokens)?;
        let (events, generation) = Generation::channel();
        let request = GenerationRequest {
            model: self.loaded.weights.id.0,
            codec: Arc::clone(&self.loaded.codec),
            prompt,
            token_limit,
            parameters: parameters.clone(),
            load_time: self.loaded.load_time,
            asked_at,
            events,
        };
        // The task keeps the model: the last handle may go while it runs.
        let keep = self.clone();
        MlxThread::shared()?.start_task(move || {
            let task = GenerationTask::new(request);
            KeptAlive { task, _model: keep }
        })?;
        Ok(generation)
    }

    fn tokens_of(&self, prompt: &Prompt) -> Result<Vec<u32>, EngineError> {
        let codec = &self.loaded.codec;
        let tokens = match prompt {
            Prompt::Text(text) if text.is_empty() => return Err(EngineError::EmptyPrompt),
            Prompt::Text(text) => codec.encode(text)?,
            Prompt::Chat(messages) if messages.is_empty() => return Err(EngineError::EmptyPrompt),
            Prompt::Chat(messages) => {
                let path = || self.loaded.weights.directory.clone();
                codec
                    .encode_chat(messages)?
                    .ok_or_else(|| EngineError::NoChatTemplate { path: path() })?
            }
        };
        match tokens.is_empty() {
            true => Err(EngineError::EmptyPrompt),
            false => Ok(tokens),
        }
    }

    /// Answers end where the context does.
    fn token_limit(&self, prompt_tokens: usize, max_tokens: u32) -> Result<usize, EngineError> {
        let max_tokens = max_tokens as usize;
        let Some(context_length) = self.shape().context_length.map(|length| length as usize) else {
            return Ok(max_tokens);
        };
        match context_length.checked_sub(prompt_tokens) {
            None | Some(0) => Err(EngineError::PromptTooLong {
                prompt_tokens,
                context_length,
            }),
            Some(room) => Ok(max_tokens.min(room)),
        }
    }
}

/// Keeps a model's weights until its task is done.
struct KeptAlive {
    task: GenerationTask,
    _model: Model,
}

impl crate::mlx_thread::Task for KeptAlive {
    fn step(&mut self, store: &ModelStore) -> ControlFlow<()> {
        self.task.step(store)
    }
}

/// Weights on MLX's thread.
struct LoadedWeights {
    id: UnloadedOnDrop,
    shape: ModelShape,
    directory: PathBuf,
}

/// Takes a model's weights away when dropped, even if loading it has not ended yet.
struct UnloadedOnDrop(ModelId);

impl LoadedWeights {
    fn load(
        directory: &Path,
        on_progress: impl FnMut(LoadProgress) -> ControlFlow<()>,
    ) -> Result<Self, EngineError> {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let id = ModelId(NEXT_ID.fetch_add(1, Ordering::Relaxed));
        let owned_id = UnloadedOnDrop(id);
        memory::prepare_allocator()?;
        let (progress, heard) = channel();
        let (reply, result) = channel();
        let stop = Canceller::default();
        let (path, stopped) = (directory.to_owned(), stop.clone());
        MlxThread::shared()?.call_later(move |store| {
            let shape = load_into(store, id, &path, &progress, &stopped);
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
            directory: directory.to_owned(),
        })
    }
}

fn load_into(
    store: &mut ModelStore,
    id: ModelId,
    directory: &Path,
    progress: &Sender<LoadProgress>,
    stop: &Canceller,
) -> Result<ModelShape, ModelError> {
    let model = open(
        directory,
        &mut |now| match progress.send(now).is_err() || stop.is_cancelled() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        },
    )?;
    let shape = model.shape();
    store.insert(id, model);
    Ok(shape)
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

/// Logits for given token ids, without tokenizer or sampling: what tests and tools compare.
#[derive(Debug, Clone)]
pub struct LogitsRequest {
    /// The model's directory.
    pub directory: PathBuf,
    /// Token ids.
    pub tokens: Vec<u32>,
    /// How many are fed at once; `None` feeds all at once.
    pub chunk: Option<usize>,
}

/// Logits, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Logits {
    /// `(tokens, vocabulary)`, row-major.
    pub values: Vec<f32>,
    /// Columns.
    pub vocabulary_size: u32,
}

impl LogitsRequest {
    /// Loads the model and computes the logits through a new KV cache.
    ///
    /// # Errors
    /// Those of loading, and ids that the vocabulary does not have.
    pub fn run(&self) -> Result<Logits, EngineError> {
        let weights = LoadedWeights::load(&self.directory, |_| ControlFlow::Continue(()))?;
        let vocabulary_size = weights.shape.vocabulary_size;
        refuse_unknown_ids(&self.tokens, vocabulary_size)?;
        let (id, tokens) = (weights.id.0, self.tokens.clone());
        let chunk = self.chunk.unwrap_or(tokens.len());
        let values = MlxThread::shared()?
            .call(move |store| all_logits(store.get(id)?, &tokens, chunk))??;
        Ok(Logits {
            values,
            vocabulary_size,
        })
    }
}

fn refuse_unknown_ids(tokens: &[u32], vocabulary_size: u32) -> Result<(), EngineError> {
    if tokens.is_empty() {
        return Err(EngineError::EmptyPrompt);
    }
    match tokens.iter().position(|&id| id >= vocabulary_size) {
        None => Ok(()),
        Some(position) => {
            let id = tokens[position];
            Err(ModelError::TokenOutOfRange {
                id,
                position,
                vocabulary_size,
            }
            .into())
        }
    }
}
