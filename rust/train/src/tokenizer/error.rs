//! What can go wrong with a tokenizer.

use std::path::PathBuf;

use headroom_formats::FormatError;

/// Why a tokenizer could not be read or used.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The tokenizer library could not do something.
    #[error("the tokenizer library failed to {action}: {reason}; please report it")]
    Library {
        /// What was tried, as a verb.
        action: &'static str,
        /// What it said.
        reason: String,
    },
    /// A tokenizer that lacks a token that training needs, or whose tokens do not stand for bytes.
    #[error("{path} cannot be trained with: {reason}; make one with `train tokenizer`", path = path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// A tokenizer's file did not pass the gate.
    #[error(transparent)]
    Format(#[from] FormatError),
}
