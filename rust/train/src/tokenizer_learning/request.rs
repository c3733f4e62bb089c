//! What is asked for, and how far it is.

use crate::data::DataSettings;

/// What a tokenizer is learned from.
#[derive(Clone, Debug)]
pub struct TokenizerRequest {
    /// The text. What validates is not read.
    pub data: DataSettings,
    /// Tokens in all, the special ones included.
    pub vocabulary_size: usize,
    /// Text after which no more is read; `None` reads all.
    pub most_text_bytes: Option<u64>,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LearningProgress {
    /// Words are counted.
    Reading {
        /// Text that has been read.
        text_bytes: u64,
    },
    /// Merges are made of them, which cannot be cancelled.
    Merging {
        /// Different words.
        words: u64,
    },
}
