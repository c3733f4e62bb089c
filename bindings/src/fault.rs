//! What a host is told when a call failed: a kind it can act on and a sentence it can show.

use headroom_engine::EngineError;
use headroom_formats::FormatError;
use headroom_models::ModelError;

use crate::handles::HandleError;

/// The kinds of failure that hosts can tell apart. Each language gives them its own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// A panic that the guard caught.
    Internal,
    /// A pointer that must not be null was.
    NullPointer,
    /// A handle is zero, freed, of another kind or never issued.
    InvalidHandle,
    /// No further handle can be issued.
    HandlesExhausted,
    /// Text is not UTF-8.
    InvalidUtf8,
    /// A struct's `size` cannot be right.
    InvalidStructSize,
    /// A value is out of its range.
    InvalidParameter,
    /// The system refused to open or read a file.
    FileUnreadable,
    /// A model's files are malformed or do not agree with each other.
    ModelFiles,
    /// The model's family is not one of ours.
    UnknownFamily,
    /// The tokenizer cannot be used, or not with these weights.
    Tokenizer,
    /// The chat template failed.
    ChatTemplate,
    /// The model has no chat template.
    NoChatTemplate,
    /// There is nothing to continue.
    PromptEmpty,
    /// The prompt does not fit the model's context.
    PromptTooLong,
    /// The host stopped it.
    Cancelled,
    /// MLX failed.
    Computation,
    /// Memory could not be had.
    OutOfMemory,
    /// The system does not tell its memory figures.
    MemoryUnreadable,
    /// The work was ended by a fault on MLX's thread.
    Interrupted,
    /// The model went while it was needed.
    ModelUnloaded,
    /// The generation has no further event, or none of the kind asked for yet.
    WrongGenerationState,
}

/// A failure on its way to the host.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl From<HandleError> for Fault {
    fn from(error: HandleError) -> Self {
        let kind = match error {
            HandleError::Exhausted => FaultKind::HandlesExhausted,
            _ => FaultKind::InvalidHandle,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        Self::new(kind_of(&error), error.to_string())
    }
}

fn kind_of(error: &EngineError) -> FaultKind {
    match error {
        EngineError::Model(error) => kind_of_model_error(error),
        EngineError::Format(error) => kind_of_format_error(error),
        EngineError::Memory(_) => FaultKind::MemoryUnreadable,
        EngineError::Tokenizer { .. } | EngineError::VocabularyMismatch { .. } => {
            FaultKind::Tokenizer
        }
        EngineError::ChatTemplate { .. } => FaultKind::ChatTemplate,
        EngineError::NoChatTemplate { .. } => FaultKind::NoChatTemplate,
        EngineError::EmptyPrompt => FaultKind::PromptEmpty,
        EngineError::PromptTooLong { .. } => FaultKind::PromptTooLong,
        EngineError::Parameter { .. } => FaultKind::InvalidParameter,
        EngineError::Mlx(_) => FaultKind::Computation,
        EngineError::Interrupted(_) => FaultKind::Interrupted,
        EngineError::Unloaded => FaultKind::ModelUnloaded,
    }
}

fn kind_of_model_error(error: &ModelError) -> FaultKind {
    match error {
        ModelError::NoDirectory { .. } => FaultKind::FileUnreadable,
        ModelError::Format(error) => kind_of_format_error(error),
        ModelError::UnknownFamily { .. } => FaultKind::UnknownFamily,
        ModelError::TokenOutOfRange { .. } => FaultKind::InvalidParameter,
        ModelError::Cancelled => FaultKind::Cancelled,
        ModelError::Mlx(_) => FaultKind::Computation,
    }
}

fn kind_of_format_error(error: &FormatError) -> FaultKind {
    match error {
        FormatError::Io { .. } | FormatError::NotARegularFile { .. } => FaultKind::FileUnreadable,
        FormatError::OutOfMemory { .. } => FaultKind::OutOfMemory,
        FormatError::Tokenizer { .. } => FaultKind::Tokenizer,
        _ => FaultKind::ModelFiles,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn an_error_keeps_its_sentence_and_its_kind_through_every_wrapping() {
        let path = PathBuf::from("somewhere");
        let error = FormatError::NoWeights { directory: path };
        let sentence = error.to_string();
        let fault = Fault::from(EngineError::from(ModelError::from(error)));
        assert_eq!(fault.kind, FaultKind::ModelFiles);
        assert_eq!(fault.message, sentence);
    }

    #[test]
    fn an_exhausted_table_is_not_an_invalid_handle() {
        let kinds = [HandleError::Exhausted, HandleError::Zero]
            .map(Fault::from)
            .map(|fault| fault.kind);
        assert_eq!(
            kinds,
            [FaultKind::HandlesExhausted, FaultKind::InvalidHandle]
        );
    }
}
