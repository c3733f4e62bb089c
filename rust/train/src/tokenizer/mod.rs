//! Byte-level BPE learned from text, and how many bytes each token stands for.

mod error;

pub use error::TokenizerError;
