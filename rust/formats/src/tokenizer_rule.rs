//! What a `tokenizer.json` must keep to before the library that runs it may see it.

use crate::quoted::{Quoted, Shortened};

/// Most tokens in a vocabulary; the largest known have about a quarter of a million.
pub(crate) const TOKEN_LIMIT: usize = 700_000;
/// Most merges; the largest known have about half a million.
pub(crate) const MERGE_LIMIT: usize = 1_000_000;
/// Longest string anywhere in the file; the longest known is a character map of a third of this.
pub(crate) const STRING_LIMIT_BYTES: usize = 1 << 20;
/// Largest token id, plus one.
pub(crate) const TOKEN_ID_LIMIT: u64 = 1 << 22;
/// Most tokens added beside the model's vocabulary.
pub(crate) const ADDED_TOKEN_LIMIT: usize = 100_000;
/// Longest token, pattern or replacement in bytes.
pub(crate) const TEXT_LIMIT_BYTES: usize = 4_096;

/// The rule that a `tokenizer.json` breaks.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizerRule {
    /// It is not JSON of the right structure.
    #[error("it is not the JSON it should be: {}", Shortened(.0))]
    Malformed(String),
    /// A part is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// The model is of an unknown type.
    #[error("its model type {} is not one of BPE, WordPiece, WordLevel, Unigram", Quoted(.0))]
    UnknownModel(String),
    /// A token is longer than any word.
    #[error("a token of its vocabulary has {0} bytes, but at most {TEXT_LIMIT_BYTES} are allowed")]
    TokenLength(usize),
    /// There are more merges than any honest file has.
    #[error("it has more than {MERGE_LIMIT} merges")]
    TooManyMerges,
    /// The vocabulary is empty.
    #[error("its vocabulary is empty")]
    EmptyVocabulary,
    /// An id is too large.
    #[error(
        "token {} has id {id}, but ids must be below {TOKEN_ID_LIMIT}",
        Quoted(token)
    )]
    TokenId {
        /// The token.
        token: String,
        /// Its id.
        id: u64,
    },
    /// The vocabulary lists a token twice.
    #[error("token {} is in the vocabulary twice", Quoted(.0))]
    DuplicateToken(String),
    /// Two tokens have one id.
    #[error(
        "tokens {} and {} have the same id {id}",
        Quoted(first),
        Quoted(second)
    )]
    DuplicateId {
        /// The id.
        id: u32,
        /// One of the tokens.
        first: String,
        /// Another.
        second: String,
    },
    /// A merge needs a token that is not in the vocabulary.
    #[error(
        "merge {place} joins {} and {}, but these or what they make are not in the vocabulary",
        Quoted(left),
        Quoted(right)
    )]
    Merge {
        /// Its place in the list, from 0.
        place: usize,
        /// Left part.
        left: String,
        /// Right part.
        right: String,
    },
    /// The token for unknown text is not in the vocabulary.
    #[error("its unknown token {} is not in the vocabulary", Quoted(.0))]
    UnknownToken(String),
    /// Merges are left out at random.
    #[error("its BPE dropout is {0}, but must be absent or 0, so that a text has one tokenisation")]
    Dropout(f64),
    /// An added token is empty or too long.
    #[error("added token {id} has {actual_bytes} bytes, but must have 1 to {TEXT_LIMIT_BYTES}")]
    AddedTokenLength {
        /// Its id.
        id: u64,
        /// Its length.
        actual_bytes: usize,
    },
    /// Normaliser, pre-tokeniser, post-processor, decoder, truncation or padding is wrong.
    #[error("its {part} {reason}")]
    Part {
        /// Which.
        part: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}
