//! A loaded model, as hosts hold it.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use headroom_formats::{Checkpoint, read_bounded};
use headroom_models::{EmbeddingPlacement, LoadProgress, ModelOutline, ModelShape, outline};

use crate::aids::{DraftModel, GenerationAids};
use crate::chat_template::ChatMessage;
use crate::error::EngineError;
use crate::events::Generation;
use crate::fit::{self, Predictor};
use crate::generation_request::GenerationRequest;
use crate::generation_task::GenerationTask;
use crate::loaded_weights::LoadedWeights;
use crate::mlx_thread::{MlxThread, Progress, Task};
use crate::model_id::ModelId;
use crate::model_store::ModelStore;
use crate::parameters::GenerateParameters;
use crate::prompt_cache::{PromptCache, drop_idle_prompt_caches};
use crate::sampler::SamplingPlan;
use crate::text_codec::TextCodec;

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
    fingerprint: OnceLock<String>,
}

/// Whether a model is held against what is available before it is loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Admission {
    /// One that cannot fit is refused.
    #[default]
    IfItFits,
    /// It is loaded whatever happens.
    Always,
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
    /// When a file is missing, malformed or does not agree with the others, the model does not fit
    /// into what is available, or `on_progress` stopped the loading.
    pub fn load(
        directory: &Path,
        on_progress: impl FnMut(LoadProgress) -> ControlFlow<()>,
    ) -> Result<Self, EngineError> {
        Self::load_with(directory, Admission::IfItFits, on_progress)
    }

    /// Loads the model in `directory`, held against what is available first or not.
    ///
    /// # Errors
    /// Those of [`Self::load`].
    pub fn load_with(
        directory: &Path,
        admission: Admission,
        on_progress: impl FnMut(LoadProgress) -> ControlFlow<()>,
    ) -> Result<Self, EngineError> {
        let started = Instant::now();
        let outline = outline(directory)?;
        let admit = |beside_bytes| match admission {
            Admission::Always => Ok(EmbeddingPlacement::Memory),
            Admission::IfItFits => make_room(directory, &outline, beside_bytes),
        };
        // First the tokenizer: once it is there, what it takes is known and no guess any more.
        admit(TextCodec::predicted_bytes(directory))?;
        let codec = TextCodec::read(directory, outline.shape.vocabulary_size)?;
        let embedding = admit(0)?;
        let weights = LoadedWeights::load(directory, &outline, embedding, on_progress)?;
        let load_time = started.elapsed();
        Ok(Self {
            loaded: Arc::new(Loaded {
                weights,
                codec: Arc::new(codec),
                load_time,
                fingerprint: OnceLock::new(),
            }),
        })
    }

    /// Sizes that do not change.
    pub fn shape(&self) -> &ModelShape {
        &self.loaded.weights.shape
    }

    /// Whether conversations can be put to this model.
    pub fn has_chat_template(&self) -> bool {
        self.loaded.codec.has_chat_template()
    }

    /// Refuses what no generation of this model could follow, for hosts that want to know before
    /// anything is asked.
    ///
    /// # Errors
    /// When a parameter is out of range, or the output constraint cannot be kept to.
    pub fn check_parameters(&self, parameters: &GenerateParameters) -> Result<(), EngineError> {
        SamplingPlan::new(parameters, &self.loaded.codec).map(drop)
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
        self.generate_with(prompt, parameters, &GenerationAids::default())
    }

    /// As [`Self::generate`], with a prompt cache, a draft model or both.
    ///
    /// # Errors
    /// Those of [`Self::generate`], and a prompt cache of another model.
    pub fn generate_with(
        &self,
        prompt: &Prompt,
        parameters: &GenerateParameters,
        aids: &GenerationAids,
    ) -> Result<Generation, EngineError> {
        let asked_at = Instant::now();
        let tokens = self.tokens_of(prompt)?;
        self.start(tokens, parameters, aids.clone(), asked_at)
    }

    /// Starts a generation from tokens.
    pub(crate) fn start(
        &self,
        prompt: Vec<u32>,
        parameters: &GenerateParameters,
        aids: GenerationAids,
        asked_at: Instant,
    ) -> Result<Generation, EngineError> {
        let sampling = SamplingPlan::new(parameters, &self.loaded.codec)?;
        aids.refuse_other_models(self)?;
        let token_limit = self.token_limit(prompt.len(), parameters.max_tokens)?;
        let (events, generation) = Generation::channel();
        let request = GenerationRequest {
            model: self.id(),
            predictor: self.loaded.weights.predictor.clone(),
            codec: Arc::clone(&self.loaded.codec),
            prompt,
            token_limit,
            parameters: aids.parameters_in_force(parameters),
            sampling,
            cache: aids.cache.as_ref().map(PromptCache::in_use),
            draft: aids.draft.as_ref().map(DraftModel::plan),
            load_time: self.loaded.load_time,
            asked_at,
            events,
        };
        // The task keeps what it works with: the last handle may go while it runs.
        let keep = (self.clone(), aids);
        MlxThread::shared()?.start_task(move || {
            let task = GenerationTask::new(request);
            KeptAlive { task, _held: keep }
        })?;
        Ok(generation)
    }

    /// Plain text as tokens, with what the tokenizer puts around every text.
    ///
    /// # Errors
    /// When the tokenizer cannot read it.
    pub fn tokenize(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        self.codec().encode(text)
    }

    pub(crate) fn id(&self) -> ModelId {
        self.loaded.weights.id()
    }

    pub(crate) fn codec(&self) -> &Arc<TextCodec> {
        &self.loaded.codec
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.loaded.weights.directory
    }

    pub(crate) fn predictor(&self) -> &Predictor {
        &self.loaded.weights.predictor
    }

    /// What tells this model from others, from its files.
    pub(crate) fn fingerprint(&self) -> Result<String, EngineError> {
        if let Some(known) = self.loaded.fingerprint.get() {
            return Ok(known.clone());
        }
        let config = read_bounded(&self.directory().join("config.json"), CONFIG_LIMIT_BYTES)?;
        let fingerprint = Checkpoint::open(self.directory())?.fingerprint(&config)?;
        Ok(self.loaded.fingerprint.get_or_init(|| fingerprint).clone())
    }

    /// A conversation as text, in the model's own form.
    pub(crate) fn render(&self, messages: &[ChatMessage]) -> Result<String, EngineError> {
        let rendered = self.codec().render(messages)?;
        rendered.ok_or_else(|| EngineError::NoChatTemplate {
            path: self.directory().to_owned(),
        })
    }

    fn tokens_of(&self, prompt: &Prompt) -> Result<Vec<u32>, EngineError> {
        let codec = &self.loaded.codec;
        let tokens = match prompt {
            Prompt::Text(text) if text.is_empty() => return Err(EngineError::EmptyPrompt),
            Prompt::Text(text) => codec.encode(text)?,
            Prompt::Chat(messages) if messages.is_empty() => return Err(EngineError::EmptyPrompt),
            Prompt::Chat(messages) => codec.encode_rendered(&self.render(messages)?)?,
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

/// Where the embedding is to lie. Refuses a model for which there is no room, even with idle prompt
/// caches gone.
fn make_room(
    directory: &Path,
    outline: &ModelOutline,
    beside_bytes: u64,
) -> Result<EmbeddingPlacement, EngineError> {
    let has_room = || fit::require_room(directory, outline, beside_bytes);
    match has_room() {
        Err(EngineError::DoesNotFit { .. }) => {
            drop_idle_prompt_caches()?;
            has_room()
        }
        answer => answer,
    }
}

/// Bytes of `config.json` that are read at most.
const CONFIG_LIMIT_BYTES: u64 = 8 << 20;

/// Keeps a model's weights, and what is used beside them, until their task is done.
struct KeptAlive {
    task: GenerationTask,
    _held: (Model, GenerationAids),
}

impl Task for KeptAlive {
    fn step(&mut self, store: &mut ModelStore) -> Progress {
        self.task.step(store)
    }
}
