//! Byte-level BPE learned from text, and how many bytes each token stands for.

mod counting;
mod error;
mod files;
mod learning;
mod pieces;
mod special;
mod split;
mod token_bytes;
mod training_tokenizer;

pub use error::TokenizerError;
pub use files::{TokenizerReport, refuse_existing, train_tokenizer};
pub use learning::{LearnedTokenizer, LearningProgress, TokenizerRequest, learn};
pub use special::SPECIAL_TOKENS;
pub use training_tokenizer::{EncodedConversation, TrainingTokenizer};

#[cfg(test)]
pub(crate) mod tests;
