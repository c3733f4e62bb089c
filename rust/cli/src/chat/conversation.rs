//! The session of a chat, and what it takes to put another in its place.

use std::path::Path;

use headroom_engine::{
    CacheSettings, ChatMessage, ChatSession, DraftModel, GenerateParameters, Model, PromptCache,
    Role, create_adaptive_cache,
};

use crate::arguments::ChatArguments;
use crate::error::CliError;

pub(super) struct Conversation {
    model: Model,
    parameters: GenerateParameters,
    draft: Option<DraftModel>,
    session: ChatSession,
    pub(super) has_figures: bool,
}

impl Conversation {
    pub(super) fn begin(
        arguments: &ChatArguments,
        model: Model,
        parameters: GenerateParameters,
        draft: Option<DraftModel>,
    ) -> Result<Self, CliError> {
        let session = first_session(arguments, &model, &parameters)?;
        session.set_draft(draft.clone());
        let mut conversation = Self {
            model,
            parameters,
            draft,
            session,
            has_figures: arguments.memory.memory_stats,
        };
        if let Some(text) = &arguments.system {
            conversation.instruct(text.clone());
        }
        Ok(conversation)
    }

    pub(super) fn session(&self) -> &ChatSession {
        &self.session
    }

    /// Puts a saved conversation in the place of this one, which stays if that fails.
    pub(super) fn load(&mut self, path: &Path) -> Result<(), CliError> {
        let session = ChatSession::load(&self.model, path, self.parameters.clone())?;
        session.set_draft(self.draft.clone());
        self.session = session;
        Ok(())
    }

    /// The system message, if there is one.
    pub(super) fn instructions(&self) -> Option<String> {
        let mut messages = self.session.messages().into_iter();
        let system = messages.find(|message| message.role == Role::System)?;
        Some(system.content)
    }

    /// Sets the system message; what was said stays.
    pub(super) fn instruct(&mut self, text: String) {
        if self.instructions().as_deref() == Some(&text) {
            return;
        }
        let system = ChatMessage {
            role: Role::System,
            content: text,
        };
        let said = self.session.messages().into_iter();
        let said = said.filter(|message| message.role != Role::System);
        self.session
            .set_messages(std::iter::once(system).chain(said).collect());
    }
}

/// One that was saved, or a new one; flags about its KV cache go before an adaptive choice.
fn first_session(
    arguments: &ChatArguments,
    model: &Model,
    parameters: &GenerateParameters,
) -> Result<ChatSession, CliError> {
    if let Some(path) = &arguments.prompt_cache.prompt_cache {
        return Ok(ChatSession::load(model, path, parameters.clone())?);
    }
    let cache = match arguments.memory.adaptive_memory && arguments.kv_cache.is_open() {
        true => create_adaptive_cache(model, parameters)?,
        false => PromptCache::new(model, CacheSettings::from(parameters))?,
    };
    Ok(ChatSession::with_cache(cache, parameters.clone()))
}
