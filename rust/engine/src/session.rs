//! A conversation: what was said so far, and the next answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::chat_template::{ChatMessage, Role};
use crate::controls::{Canceller, Pauser};
use crate::error::EngineError;
use crate::events::{Event, Generation, GenerationSummary};
use crate::model::{Model, Prompt};
use crate::parameters::GenerateParameters;

/// A conversation with a model. Turns are taken one at a time.
pub struct ChatSession {
    model: Model,
    parameters: GenerateParameters,
    messages: Arc<Mutex<Vec<ChatMessage>>>,
}

impl ChatSession {
    /// An empty conversation; `instructions` become its system message.
    pub fn new(model: Model, instructions: Option<String>, parameters: GenerateParameters) -> Self {
        let system = instructions.map(|content| ChatMessage {
            role: Role::System,
            content,
        });
        Self {
            model,
            parameters,
            messages: Arc::new(Mutex::new(system.into_iter().collect())),
        }
    }

    /// Starts the answer to `text`. Question and answer become part of the conversation when the
    /// answer has ended, by itself or because it was cancelled.
    ///
    /// # Errors
    /// Those of [`Model::generate`].
    pub fn respond(&self, text: &str) -> Result<Reply, EngineError> {
        if text.is_empty() {
            return Err(EngineError::EmptyPrompt);
        }
        let question = ChatMessage {
            role: Role::User,
            content: text.to_owned(),
        };
        let mut turn = self.messages();
        turn.push(question.clone());
        let generation = self.model.generate(&Prompt::Chat(turn), &self.parameters)?;
        Ok(Reply {
            generation,
            question: Some(question),
            messages: Arc::clone(&self.messages),
        })
    }

    /// What was said so far.
    pub fn messages(&self) -> Vec<ChatMessage> {
        lock(&self.messages).clone()
    }

    /// Forgets everything but the instructions.
    pub fn reset(&self) {
        lock(&self.messages).retain(|message| message.role == Role::System);
    }
}

/// An answer under way: an iterator over its events.
pub struct Reply {
    generation: Generation,
    question: Option<ChatMessage>,
    messages: Arc<Mutex<Vec<ChatMessage>>>,
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
        if let Some(question) = self.question.take() {
            let answer = ChatMessage {
                role: Role::Assistant,
                content: summary.text.clone(),
            };
            lock(&self.messages).extend([question, answer]);
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

/// A list of messages is whole whatever a panicking thread did.
fn lock(messages: &Mutex<Vec<ChatMessage>>) -> MutexGuard<'_, Vec<ChatMessage>> {
    messages.lock().unwrap_or_else(PoisonError::into_inner)
}
