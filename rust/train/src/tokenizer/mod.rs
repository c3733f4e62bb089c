//! A tokenizer as training uses it, its special tokens, and how many bytes each token stands for.

mod error;
mod pieces;
mod special;
mod split;
mod token_bytes;
mod training_tokenizer;

pub use error::TokenizerError;
pub use special::SPECIAL_TOKENS;
pub use training_tokenizer::{EncodedConversation, TrainingTokenizer};

pub(crate) use special::{ASSISTANT_END, BEGIN, CHAT_TEMPLATE};
pub(crate) use split::{PATTERN, Splitter};
pub(crate) use token_bytes::token_bytes;

#[cfg(test)]
mod tests;
