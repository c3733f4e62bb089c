//! The gate: everything that is read from disk or network is hostile until it has passed here.
//!
//! This room owns the checks for safetensors checkpoints, their shard index, `config.json` and its
//! relatives, and `tokenizer.json`; what it hands out is bounded, consistent and read by exact byte
//! range from files it keeps open. It may depend on parsers and on nothing else in the workspace.
//! It must never know MLX, a model family, or how much memory the machine has, and it holds no
//! unsafe code.

#![forbid(unsafe_code)]

mod bounded_json;
mod bounded_read;
mod charsmap;
mod checkpoint;
mod config_file;
mod config_section;
mod dtype;
mod error;
mod expected;
mod fingerprint;
mod header_rule;
mod name_groups;
mod parallel_read;
mod quantization;
mod quantized_layout;
mod quoted;
mod safetensors_header;
mod safetensors_writer;
mod shard;
mod shard_index;
mod tensor_entry;
mod tensor_rows;
#[cfg(test)]
mod test_files;
mod tokenizer_check;
mod tokenizer_merges;
mod tokenizer_model;
mod tokenizer_parts;
mod tokenizer_rule;
mod tokenizer_vocabulary;

pub use bounded_read::{read_bounded, read_bounded_optional};
pub use checkpoint::Checkpoint;
pub use config_file::ConfigFile;
pub use config_section::ConfigSection;
pub use dtype::Dtype;
pub use error::FormatError;
pub use expected::{DtypeRule, ExpectedTensor, MismatchReport, WrongTensor};
pub use header_rule::{HeaderRule, TensorRule};
pub use parallel_read::TensorBuffers;
pub use quantization::{LayerQuantization, Quantization};
pub use quantized_layout::{
    AFFINE_BITS, AFFINE_GROUP_SIZES, AffineLayout, FloatingLayout, QuantizedLayout,
    QuantizedTensors,
};
pub use quoted::{Quoted, Shortened};
pub use safetensors_writer::{PlannedTensor, SafetensorsWriter};
pub use shard::TensorInfo;
pub use shard_index::IndexRule;
pub use tensor_rows::TensorRows;
pub use tokenizer_check::{TOKENIZER_LIMIT_BYTES, TokenizerSummary, check_tokenizer};
pub use tokenizer_model::TokenizerModel;
pub use tokenizer_rule::TokenizerRule;
