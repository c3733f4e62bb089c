//! Byte-level BPE learned from text.

mod background;
mod counting;
mod error;
mod files;
mod learning;
mod request;

pub use background::learn_in_background;
pub use error::TokenizerLearningError;
pub use files::{TokenizerReport, refuse_existing, train_tokenizer};
pub use learning::{LearnedTokenizer, learn};
pub use request::{LearningProgress, TokenizerRequest};

#[cfg(test)]
pub(crate) mod tests;
