//! The conversation that lines go to.

use std::path::Path;

use headroom_engine::{
    CacheKind, CacheState, ChatSession, GenerateParameters, GenerationSummary, Model, Role,
    memory_state,
};
use headroom_memory::{ByteSize, KvQuantization};

use super::command::{self, Command};
use super::line::Line;
use super::say;
use crate::arguments::ChatArguments;
use crate::error::CliError;
use crate::{answer, figures, interrupt, memory_use};

/// A session, and what it takes to begin another.
pub(super) struct Conversation {
    model: Model,
    session: ChatSession,
    parameters: GenerateParameters,
    shows_figures: bool,
}

/// What follows a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Line,
    Leave,
}

impl Conversation {
    /// A new one, or the one that `--prompt-cache` holds.
    pub(super) fn begin(model: Model, arguments: &ChatArguments) -> Result<Self, CliError> {
        let parameters =
            memory_use::parameters_of(&arguments.memory, &arguments.sampling, &arguments.kv_cache)?;
        parameters.validate()?;
        let system = arguments.system.clone();
        let session = match &arguments.prompt_cache {
            Some(path) => ChatSession::load(&model, path, parameters.clone())?,
            None => ChatSession::new(model.clone(), None, parameters.clone()),
        };
        if system.is_some() {
            session.set_instructions(system);
        }
        Ok(Self {
            model,
            session,
            parameters,
            shows_figures: arguments.memory.memory_stats,
        })
    }

    /// Does what the line asks for. After an error the conversation is as it was.
    pub(super) fn take(&mut self, line: &str) -> Result<Next, CliError> {
        match Line::parse(line)? {
            Line::Nothing => Ok(Next::Line),
            Line::Question(question) => self.answer(question).map(|()| Next::Line),
            Line::Command(Command::Exit) => Ok(Next::Leave),
            Line::Command(command) => self.execute(&command).map(|()| Next::Line),
        }
    }

    fn answer(&self, question: &str) -> Result<(), CliError> {
        let reply = self.session.respond(question)?;
        interrupt::cancel_on_interrupt(reply.canceller());
        let summary: GenerationSummary = answer::stream(reply)?;
        if self.shows_figures {
            figures::print_line(&summary);
        }
        Ok(())
    }

    fn execute(&mut self, command: &Command<'_>) -> Result<(), CliError> {
        match *command {
            Command::Help => say(&command::help()),
            Command::Reset => self.session.reset(),
            Command::Save(path) => self.save(path)?,
            Command::Load(path) => self.load(path)?,
            Command::Memory => self.show_memory()?,
            Command::ShowSystem => say(&self.instructions()),
            Command::SetSystem(text) => self.session.set_instructions(Some(text.to_owned())),
            Command::Exit => {}
        }
        Ok(())
    }

    fn save(&self, path: &Path) -> Result<(), CliError> {
        self.session.save(path)?;
        let messages = self.session.messages().len();
        say(&format!("saved {messages} messages in {}", path.display()));
        Ok(())
    }

    fn load(&mut self, path: &Path) -> Result<(), CliError> {
        self.session = ChatSession::load(&self.model, path, self.parameters.clone())?;
        let messages = self.session.messages().len();
        say(&format!(
            "loaded {messages} messages from {}",
            path.display()
        ));
        Ok(())
    }

    fn show_memory(&self) -> Result<(), CliError> {
        say(&cache_line(&self.session.cache_state()?));
        memory_use::print_state(&memory_state()?);
        Ok(())
    }

    fn instructions(&self) -> String {
        let messages = self.session.messages().into_iter();
        let mut system = messages.filter(|message| message.role == Role::System);
        system.next().map_or_else(
            || "there are no instructions".to_owned(),
            |message| message.content,
        )
    }
}

/// What the conversation's cache is, in one line.
fn cache_line(state: &CacheState) -> String {
    let kept = match state.kind {
        CacheKind::Simple => "keeps all".to_owned(),
        CacheKind::Rotating { max_size } => {
            format!("keeps the first and the last, {max_size} at most")
        }
        CacheKind::Chunked { chunk_size } => format!("keeps chunks of {chunk_size}"),
    };
    let precision = match state.quantization {
        None => "as computed".to_owned(),
        Some(KvQuantization { bits: 16, .. }) => "in bfloat16".to_owned(),
        Some(KvQuantization { bits, group_size }) => {
            format!("in {bits} bits, groups of {group_size}")
        }
    };
    format!(
        "[conversation: {} tokens seen, KV cache {}, {kept}, {precision}]",
        state.tokens,
        ByteSize::from_bytes(state.bytes)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_told_in_one_line() {
        let state = CacheState {
            tokens: 120,
            bytes: 3 << 20,
            kind: CacheKind::Rotating { max_size: 1024 },
            quantization: Some(KvQuantization {
                bits: 4,
                group_size: 64,
            }),
        };
        assert_eq!(
            cache_line(&state),
            "[conversation: 120 tokens seen, KV cache 3.0 MiB, keeps the first and the last, 1024 \
             at most, in 4 bits, groups of 64]"
        );
    }
}
