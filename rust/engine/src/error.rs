//! What can go wrong with a request.

use std::io;
use std::path::PathBuf;

use headroom_formats::FormatError;
use headroom_memory::{ByteSize, MemoryError};
use headroom_mlx::Exception;
use headroom_models::ModelError;

/// Why a model was not loaded or a request not carried out.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The model's files or computation.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A file beside the weights did not pass the gate.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Memory could not be read.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The tokenizer's own reader refused the file.
    #[error("{path} is not a tokenizer that can be used: {reason}", path = path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// What its reader said.
        reason: String,
    },
    /// Tokenizer and weights do not belong together.
    #[error("{path} has ids up to {largest_id}, but the model's vocabulary ends at {}; use the tokenizer that came with the weights", vocabulary_size - 1, path = path.display())]
    VocabularyMismatch {
        /// The tokenizer.
        path: PathBuf,
        /// The largest id it can give.
        largest_id: usize,
        /// How many ids the model has.
        vocabulary_size: u32,
    },
    /// The chat template failed.
    #[error("the chat template of {path} could not be applied: {reason}; pass the prompt as plain text instead", path = path.display())]
    ChatTemplate {
        /// The file it came from.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// A conversation was asked of a model that has no template for one.
    #[error("the model in {path} has no chat template; pass the prompt as plain text instead", path = path.display())]
    NoChatTemplate {
        /// The model's directory.
        path: PathBuf,
    },
    /// Nothing to continue.
    #[error("the prompt is empty; give at least one character")]
    EmptyPrompt,
    /// The prompt leaves no room for an answer.
    #[error("the prompt has {prompt_tokens} tokens, but the model's context holds {context_length}; shorten the prompt by at least {} tokens", prompt_tokens + 1 - context_length)]
    PromptTooLong {
        /// Tokens of the prompt.
        prompt_tokens: usize,
        /// Tokens the model can see.
        context_length: usize,
    },
    /// There is no room for the model.
    #[error("the model in {path} needs {needed} at least, but only {available} can be taken; {advice}",
        path = path.display(),
        needed = ByteSize::from_bytes(*needed_bytes),
        available = ByteSize::from_bytes(*available_bytes),
        advice = advice(alternative.as_deref()))]
    DoesNotFit {
        /// The model's directory.
        path: PathBuf,
        /// What it takes with the shortest context and everything given up.
        needed_bytes: u64,
        /// What there is.
        available_bytes: u64,
        /// The largest model of the registry that would fit.
        alternative: Option<String>,
    },
    /// A draft model reads text as other tokens.
    #[error("the draft model in {draft} has another vocabulary than the model in {model}; use a draft of the same family", draft = draft.display(), model = model.display())]
    DraftVocabulary {
        /// The draft model's directory.
        draft: PathBuf,
        /// The model's.
        model: PathBuf,
    },
    /// A prompt cache was given to a model that did not make it.
    #[error("the prompt cache belongs to another model; make one with this model")]
    CacheOfAnotherModel,
    /// A file is no prompt cache for this model.
    #[error("{path} {fault}", path = path.display())]
    CacheFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        fault: CacheFileFault,
    },
    /// A prompt cache could not be written.
    #[error("the prompt cache could not be written to {path}: {source}; what was there is untouched", path = path.display())]
    CacheNotWritten {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no room for a saved prompt cache.
    #[error("the prompt cache in {path} takes {needed}, but only {available} can be taken; free memory or compute the prompt again in a smaller cache",
        path = path.display(),
        needed = ByteSize::from_bytes(*needed_bytes),
        available = ByteSize::from_bytes(*available_bytes))]
    CacheDoesNotFit {
        /// The file.
        path: PathBuf,
        /// What it takes.
        needed_bytes: u64,
        /// What there is.
        available_bytes: u64,
    },
    /// A paused generation could not be put on disk or brought back.
    #[error("the KV cache of a paused generation could not be kept on disk: {0}; free disk space")]
    Spill(String),
    /// Limits cannot follow from a budget that the system does not tell.
    #[error("the system does not tell how much memory this process may use; set a limit yourself")]
    UnknownBudget,
    /// A parameter is out of its range.
    #[error("{name} is {found}, but must be {allowed}")]
    Parameter {
        /// The parameter's name.
        name: &'static str,
        /// What it was.
        found: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// A bias for a token that there is not.
    #[error("logit_bias names token {id}, but the model's vocabulary ends at {}; leave it out", vocabulary_size.saturating_sub(1))]
    BiasOutOfVocabulary {
        /// The id that was named.
        id: u32,
        /// How many ids the model has.
        vocabulary_size: u32,
    },
    /// A schema or pattern for the output that cannot be kept to.
    #[error("the {kind} for the output cannot be used: {reason}; change it")]
    Constraint {
        /// What it was meant to be.
        kind: &'static str,
        /// What its compiler said.
        reason: String,
    },
    /// A constraint could not be followed to its end.
    #[error("the constraint on the output could not be followed further: {0}; make it simpler")]
    ConstraintFailed(String),
    /// MLX failed outside a model.
    #[error("MLX could not compute: {}; free memory or use a smaller model or prompt", .0.what())]
    Mlx(#[from] Exception),
    /// The thread that owns MLX could not be started, or a fault ended the work it was doing.
    #[error(
        "the work on MLX's thread ended early: {0}; load the model again, and report this if it stays"
    )]
    Interrupted(String),
    /// The model was unloaded while it was needed.
    #[error("the model is no longer loaded; load it again")]
    Unloaded,
}

/// A token or number that MLX has computed, but does not give.
pub(crate) fn unreadable(error: impl std::fmt::Display) -> EngineError {
    EngineError::Interrupted(format!("a token could not be read: {error}"))
}

/// Why a file is no prompt cache for a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CacheFileFault {
    /// Something else.
    #[error("is not a saved prompt cache; give a file that was saved as one")]
    NotACache,
    /// Written by a version with another layout.
    #[error(
        "is a prompt cache of version {0}, but this program reads version 1; compute the prompt again and save it"
    )]
    AnotherVersion(String),
    /// Computed by a model with other weights or another configuration.
    #[error(
        "was computed by another model; load that model, or compute the prompt again with this one"
    )]
    AnotherModel,
    /// Its parts do not agree.
    #[error("is damaged: {0}; compute the prompt again and save it")]
    Damaged(String),
}

fn advice(alternative: Option<&str>) -> String {
    match alternative {
        Some(model) => format!("free memory or use {model}, which fits"),
        None => "free memory, for no model of the registry fits either".to_owned(),
    }
}

impl EngineError {
    /// Whether the request itself was wrong, so that asking again in the same words cannot help.
    pub fn is_wrong_use(&self) -> bool {
        matches!(
            self,
            Self::EmptyPrompt
                | Self::PromptTooLong { .. }
                | Self::Parameter { .. }
                | Self::Constraint { .. }
                | Self::BiasOutOfVocabulary { .. }
                | Self::NoChatTemplate { .. }
                | Self::DraftVocabulary { .. }
                | Self::CacheOfAnotherModel
                | Self::Model(ModelError::TokenOutOfRange { .. })
        )
    }
}
