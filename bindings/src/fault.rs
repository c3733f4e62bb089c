//! What a host is told when a call failed: a kind it can act on and a sentence it can show.

use headroom_engine::EngineError;
use headroom_formats::FormatError;
use headroom_hub::HubError;
use headroom_memory::MemoryError;
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
    /// There is no room for the model, or for any.
    DoesNotFit,
    /// A name that stands for no model.
    UnknownModel,
    /// The model is not in the cache and may not be downloaded.
    NotCached,
    /// The hub cannot be reached or wants to be asked later.
    HubUnavailable,
    /// The hub does not let this user have it.
    HubDenied,
    /// What the hub answers breaks a rule.
    HubAnswer,
    /// The disk has no room for the download.
    DiskFull,
    /// Another program downloads the same file.
    DownloadBusy,
    /// A paused generation could not be kept on disk or brought back.
    SpillFailed,
    /// A schema or pattern for the output cannot be used.
    InvalidConstraint,
    /// A constraint on the output could not be followed to its end.
    ConstraintFailed,
    /// A file is no prompt cache, a damaged one, or one of another model or version.
    CacheFile,
    /// A prompt cache could not be written.
    CacheNotWritten,
    /// A prompt cache or a draft model does not belong to the model.
    AnotherModel,
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

impl From<HubError> for Fault {
    fn from(error: HubError) -> Self {
        Self::new(kind_of_hub_error(&error), error.to_string())
    }
}

impl From<MemoryError> for Fault {
    fn from(error: MemoryError) -> Self {
        Self::new(kind_of_memory_error(&error), error.to_string())
    }
}

fn kind_of(error: &EngineError) -> FaultKind {
    match error {
        EngineError::Model(error) => kind_of_model_error(error),
        EngineError::Format(error) => kind_of_format_error(error),
        EngineError::Memory(error) => kind_of_memory_error(error),
        EngineError::UnknownBudget => FaultKind::MemoryUnreadable,
        EngineError::DoesNotFit { .. } | EngineError::CacheDoesNotFit { .. } => {
            FaultKind::DoesNotFit
        }
        EngineError::CacheFile { .. } => FaultKind::CacheFile,
        EngineError::CacheNotWritten { .. } => FaultKind::CacheNotWritten,
        EngineError::CacheOfAnotherModel | EngineError::DraftVocabulary { .. } => {
            FaultKind::AnotherModel
        }
        EngineError::Tokenizer { .. } | EngineError::VocabularyMismatch { .. } => {
            FaultKind::Tokenizer
        }
        EngineError::ChatTemplate { .. } => FaultKind::ChatTemplate,
        EngineError::NoChatTemplate { .. } => FaultKind::NoChatTemplate,
        EngineError::EmptyPrompt => FaultKind::PromptEmpty,
        EngineError::PromptTooLong { .. } => FaultKind::PromptTooLong,
        EngineError::Parameter { .. } | EngineError::BiasOutOfVocabulary { .. } => {
            FaultKind::InvalidParameter
        }
        EngineError::Constraint { .. } => FaultKind::InvalidConstraint,
        EngineError::ConstraintFailed(_) => FaultKind::ConstraintFailed,
        EngineError::Spill(_) => FaultKind::SpillFailed,
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
        ModelError::TokenOutOfRange { .. } | ModelError::CachesDoNotFit { .. } => {
            FaultKind::InvalidParameter
        }
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

fn kind_of_memory_error(error: &MemoryError) -> FaultKind {
    match error {
        MemoryError::ProcUnreadable { .. }
        | MemoryError::KernelRefused { .. }
        | MemoryError::AvailableUnknown => FaultKind::MemoryUnreadable,
        MemoryError::InvalidByteSize { .. }
        | MemoryError::UnknownStrategy { .. }
        | MemoryError::MaxMemoryZero
        | MemoryError::MaxMemoryAboveMachine { .. }
        | MemoryError::MaxMemoryBelowUse { .. }
        | MemoryError::MaxMemoryBelowNeed { .. } => FaultKind::InvalidParameter,
    }
}

fn kind_of_hub_error(error: &HubError) -> FaultKind {
    match error {
        HubError::UnknownModel { .. } | HubError::NotAModel { .. } | HubError::NotFound { .. } => {
            FaultKind::UnknownModel
        }
        HubError::Setting { .. } => FaultKind::InvalidParameter,
        HubError::NotCached { .. } => FaultKind::NotCached,
        HubError::Unreachable { .. }
        | HubError::TooManyRequests { .. }
        | HubError::Status { .. } => FaultKind::HubUnavailable,
        HubError::Denied { .. } => FaultKind::HubDenied,
        HubError::TooManyRedirects { .. }
        | HubError::NotAHub { .. }
        | HubError::Listing { .. }
        | HubError::WrongSize { .. }
        | HubError::WrongChecksum { .. } => FaultKind::HubAnswer,
        HubError::DiskFull { .. } => FaultKind::DiskFull,
        HubError::Busy { .. } => FaultKind::DownloadBusy,
        HubError::Stopped { .. } => FaultKind::Cancelled,
        HubError::Io { .. } => FaultKind::FileUnreadable,
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

    #[test]
    fn a_limit_that_cannot_be_kept_is_the_hosts_and_not_the_systems_failure() {
        let error = EngineError::from(MemoryError::MaxMemoryZero);
        assert_eq!(Fault::from(error).kind, FaultKind::InvalidParameter);
        let error = EngineError::from(MemoryError::AvailableUnknown);
        assert_eq!(Fault::from(error).kind, FaultKind::MemoryUnreadable);
    }

    #[test]
    fn what_another_try_may_cure_is_told_from_what_it_cannot() {
        let url = || "https://hub".to_owned();
        let kinds = [
            HubError::Status {
                url: url(),
                status: 503,
            },
            HubError::NotAHub {
                url: url(),
                found: "a web page".to_owned(),
                wanted: "a list of files",
            },
        ]
        .map(Fault::from)
        .map(|fault| fault.kind);
        assert_eq!(kinds, [FaultKind::HubUnavailable, FaultKind::HubAnswer]);
    }
}
