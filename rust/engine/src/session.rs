//! A conversation: what was said so far, and the next answer.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::aids::{DraftModel, GenerationAids};
use crate::chat_template::{ChatMessage, Role};
use crate::controls::{Canceller, Pauser};
use crate::error::EngineError;
use crate::events::{Event, Generation, GenerationSummary};
use crate::kv_cache::CacheSettings;
use crate::model::Model;
use crate::parameters::GenerateParameters;
use crate::prompt_cache::{CacheFile, CacheState, PromptCache, SavedConversation};
use crate::transcript::Transcript;

/// A conversation with a model. Turns are taken one at a time; each computes only what the model has
/// not seen yet.
pub struct ChatSession {
    parameters: GenerateParameters,
    cache: PromptCache,
    draft: Mutex<Option<DraftModel>>,
    conversation: Arc<Mutex<SavedConversation>>,
}

impl ChatSession {
    /// An empty conversation; `instructions` become its system message. Parameters that do not suit
    /// the model are refused with the first question.
    pub fn new(model: Model, instructions: Option<String>, parameters: GenerateParameters) -> Self {
        let cache = PromptCache::unchecked(&model, CacheSettings::from(&parameters));
        let session = Self::with_cache(cache, parameters);
        session.set_instructions(instructions);
        session
    }

    /// An empty conversation that keeps what the model has seen in `cache`.
    pub fn with_cache(cache: PromptCache, parameters: GenerateParameters) -> Self {
        Self {
            parameters,
            cache,
            draft: Mutex::default(),
            conversation: Arc::default(),
        }
    }

    /// Goes on with a conversation that [`Self::save`] has written, as if it had never ended. How keys
    /// and values are kept is as it was then; `parameters` say all else.
    ///
    /// # Errors
    /// When the file is damaged, of another version, or belongs to another model.
    pub fn load(
        model: &Model,
        path: &Path,
        parameters: GenerateParameters,
    ) -> Result<Self, EngineError> {
        let (cache, conversation) = CacheFile::read(model, path)?;
        let session = Self::with_cache(cache, parameters);
        *lock(&session.conversation) = conversation;
        Ok(session)
    }

    /// Writes conversation and cache to `path`, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written, or the model's own files cannot be read any more.
    pub fn save(&self, path: &Path) -> Result<(), EngineError> {
        let conversation = lock(&self.conversation).clone();
        CacheFile::of(&self.cache)?.write(path, &conversation)
    }

    /// Lets a small model propose tokens for the answers to come, or none.
    pub fn set_draft(&self, draft: Option<DraftModel>) {
        *self.draft.lock().unwrap_or_else(PoisonError::into_inner) = draft;
    }

    fn aids(&self) -> GenerationAids {
        let draft = self.draft.lock().unwrap_or_else(PoisonError::into_inner);
        GenerationAids {
            cache: Some(self.cache.clone()),
            draft: draft.clone(),
        }
    }

    /// Starts the answer to `text`. Question and answer become part of the conversation when the
    /// answer has ended, by itself or because it was cancelled.
    ///
    /// # Errors
    /// Those of [`Model::generate`].
    pub fn respond(&self, text: &str) -> Result<Reply, EngineError> {
        let asked_at = Instant::now();
        if text.is_empty() {
            return Err(EngineError::EmptyPrompt);
        }
        let model = self.cache.model();
        let question = ChatMessage {
            role: Role::User,
            content: text.to_owned(),
        };
        let SavedConversation {
            mut messages,
            transcript,
        } = lock(&self.conversation).clone();
        messages.push(question.clone());
        let asked = asked(model, &messages, transcript)?;
        let generation = model.start(
            asked.tokens().to_vec(),
            &self.parameters,
            self.aids(),
            asked_at,
        )?;
        Ok(Reply {
            generation,
            model: model.clone(),
            turn: Some((question, asked)),
            conversation: Arc::clone(&self.conversation),
        })
    }

    /// What was said so far.
    pub fn messages(&self) -> Vec<ChatMessage> {
        lock(&self.conversation).messages.clone()
    }

    /// Where what the model has seen is kept.
    pub fn cache(&self) -> &PromptCache {
        &self.cache
    }

    /// What the cache is now.
    ///
    /// # Errors
    /// When MLX's thread has ended.
    pub fn cache_state(&self) -> Result<CacheState, EngineError> {
        self.cache.state()
    }

    /// Forgets everything but the instructions.
    pub fn reset(&self) {
        let mut conversation = lock(&self.conversation);
        conversation.transcript = None;
        let messages = &mut conversation.messages;
        messages.retain(|message| message.role == Role::System);
    }

    /// Forgets everything and begins again under other instructions, or none.
    pub fn set_instructions(&self, instructions: Option<String>) {
        let system = instructions.map(|content| ChatMessage {
            role: Role::System,
            content,
        });
        *lock(&self.conversation) = SavedConversation {
            messages: system.into_iter().collect(),
            transcript: None,
        };
    }

    /// Replaces what was said, as after an edit by the user: the next answer computes what follows the
    /// first difference.
    pub fn set_messages(&self, messages: Vec<ChatMessage>) {
        *lock(&self.conversation) = SavedConversation {
            messages,
            transcript: None,
        };
    }
}

/// The conversation as the model is to see it, its question last.
fn asked(
    model: &Model,
    messages: &[ChatMessage],
    earlier: Option<Transcript>,
) -> Result<Transcript, EngineError> {
    let codec = model.codec();
    let text = model.render(messages)?;
    let continued = earlier.map(|earlier| earlier.continued(codec, &text));
    let tokens = match continued.transpose()?.flatten() {
        Some(tokens) => tokens,
        None => codec.encode_rendered(&text)?,
    };
    match tokens.is_empty() {
        true => Err(EngineError::EmptyPrompt),
        false => Ok(Transcript::new(text, tokens)),
    }
}

/// An answer under way: an iterator over its events.
pub struct Reply {
    generation: Generation,
    model: Model,
    /// Question, and all that was put to the model; until they are part of the conversation.
    turn: Option<(ChatMessage, Transcript)>,
    conversation: Arc<Mutex<SavedConversation>>,
}

impl Reply {
    /// A handle that ends this answer.
    pub fn canceller(&self) -> Canceller {
        self.generation.canceller()
    }

    /// A handle that pauses this answer and lets it go on.
    pub fn pauser(&self) -> Pauser {
        self.generation.pauser()
    }

    fn remember(&mut self, summary: &GenerationSummary) {
        if let Some((question, asked)) = self.turn.take() {
            let answer = ChatMessage {
                role: Role::Assistant,
                content: summary.text.clone(),
            };
            let mut conversation = lock(&self.conversation);
            conversation.messages.extend([question, answer]);
            conversation.transcript = asked.with_answer(self.model.codec(), summary);
        }
    }
}

impl Iterator for Reply {
    type Item = Result<Event, EngineError>;

    fn next(&mut self) -> Option<Self::Item> {
        let event = self.generation.next()?;
        if let Ok(Event::End(summary)) = &event {
            self.remember(summary);
        }
        Some(event)
    }
}

/// A conversation is whole whatever a panicking thread did.
fn lock(conversation: &Mutex<SavedConversation>) -> MutexGuard<'_, SavedConversation> {
    conversation.lock().unwrap_or_else(PoisonError::into_inner)
}
