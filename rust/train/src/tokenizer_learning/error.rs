//! What can go wrong while a tokenizer is learned.

use std::io;
use std::path::PathBuf;

use crate::data::DataError;
use crate::tokenizer::{SPECIAL_TOKENS, TokenizerError};

/// Tokens that every vocabulary has: one for each byte, and the special ones.
pub(super) const LEAST_VOCABULARY: usize = 256 + SPECIAL_TOKENS.len();
/// Most tokens that the gate lets a vocabulary have.
pub(super) const MOST_VOCABULARY: usize = 700_000;

/// Why a tokenizer could not be learned or written.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerLearningError {
    /// A vocabulary without room for its bytes, or beyond all use.
    #[error(
        "a vocabulary of {vocabulary_size} tokens cannot be; give {LEAST_VOCABULARY} (every byte and the special tokens) to {MOST_VOCABULARY}"
    )]
    VocabularySize {
        /// What was asked for.
        vocabulary_size: usize,
    },
    /// Something lies where the output is to go.
    #[error("{path} is there already; give a directory that is not", path = path.display())]
    OutputExists {
        /// The path.
        path: PathBuf,
    },
    /// The output could not be written.
    #[error("could not {action} {path}: {source}; nothing was left behind", path = path.display())]
    NotWritten {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no text in the data.
    #[error("{source_name} holds no text to learn from; give files with documents in them")]
    NoText {
        /// The file, directory or repository.
        source_name: String,
    },
    /// The caller stopped it.
    #[error("training the tokenizer was cancelled; nothing was written")]
    Cancelled,
    /// The text could not be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The tokenizer library could not do something.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
}

impl TokenizerLearningError {
    /// Whether other arguments, and not another try, are what helps.
    pub fn is_wrong_use(&self) -> bool {
        match self {
            Self::VocabularySize { .. } | Self::OutputExists { .. } => true,
            Self::Data(error) => error.is_wrong_use(),
            _ => false,
        }
    }
}
