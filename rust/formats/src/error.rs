//! Everything that can be wrong with a file, one sentence each.

use std::io;
use std::path::PathBuf;

use crate::expected::MismatchReport;
use crate::header_rule::{HeaderRule, TensorRule};
use crate::quoted::{Quoted, Shortened};
use crate::shard_index::IndexRule;
use crate::tokenizer_rule::TokenizerRule;

/// Why a file was not let through the gate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The system refused to open or read the file.
    #[error("could not {action} {path}: {source}", path = path.display())]
    Io {
        /// What was tried, as a verb: "open", "read".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The path names a directory, pipe, socket or device.
    #[error("{path} is {kind}, not a regular file; give a path to an ordinary file", path = path.display())]
    NotARegularFile {
        /// The path.
        path: PathBuf,
        /// What it is instead.
        kind: &'static str,
    },
    /// A small file is larger than any honest one.
    #[error("{path} has {actual_bytes} bytes, but at most {limit_bytes} are read of such a file", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its length.
        actual_bytes: u64,
        /// The most that is read.
        limit_bytes: u64,
    },
    /// The memory for a file's or tensor's bytes could not be had.
    #[error("no memory for the {needed_bytes} bytes of {what} in {path}; free some memory or take a smaller model", what = Shortened(what), path = path.display())]
    OutOfMemory {
        /// The file.
        path: PathBuf,
        /// What was to be read: a tensor's name, or "the whole file".
        what: String,
        /// How many bytes it takes.
        needed_bytes: u64,
    },
    /// The file is not the JSON that it should be.
    #[error("{path} cannot be read: {reason}", path = path.display(), reason = Shortened(reason))]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong and where, from the parser.
        reason: String,
    },
    /// A field of a configuration file is missing or has a value that is not allowed.
    #[error("in {path}, field {field} is {found}, but must be {allowed}", path = path.display(), field = Quoted(field), found = Shortened(found))]
    Field {
        /// The file.
        path: PathBuf,
        /// The dotted path of the field, such as `rope_scaling.factor`.
        field: String,
        /// What the file has there.
        found: String,
        /// What it must be.
        allowed: String,
    },
    /// The frame of a safetensors file is wrong.
    #[error("{path} is not a valid safetensors file: {rule}", path = path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// The rule it breaks.
        rule: HeaderRule,
    },
    /// One tensor in a safetensors header is wrong.
    #[error("in {path}, tensor {tensor} is refused: {rule}", path = path.display(), tensor = Quoted(tensor))]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// The rule it breaks.
        rule: TensorRule,
    },
    /// The shard index is wrong, or disagrees with the shards.
    #[error("the shard index {path} is refused: {rule}", path = path.display())]
    Index {
        /// The index file.
        path: PathBuf,
        /// The rule it breaks.
        rule: IndexRule,
    },
    /// The directory holds no weights that can be read.
    #[error("{directory} holds neither model.safetensors nor model.safetensors.index.json; give a model directory in the Hugging Face layout", directory = directory.display())]
    NoWeights {
        /// The directory.
        directory: PathBuf,
    },
    /// A tensor was asked for that the checkpoint does not hold.
    #[error("{directory} holds no tensor named {tensor}", directory = directory.display(), tensor = Quoted(tensor))]
    UnknownTensor {
        /// The checkpoint.
        directory: PathBuf,
        /// The name asked for.
        tensor: String,
    },
    /// A shard has become shorter or longer since it was opened.
    #[error("{path} had {opened_bytes} bytes when it was opened and has {actual_bytes} now; leave the file alone while it is in use and load it again", path = path.display())]
    Changed {
        /// The shard.
        path: PathBuf,
        /// Its length when it was checked.
        opened_bytes: u64,
        /// Its length now.
        actual_bytes: u64,
    },
    /// The buffer offered for a tensor has another length than the tensor.
    #[error("tensor {tensor} takes {tensor_bytes} bytes, but the buffer offered has {buffer_bytes}", tensor = Quoted(tensor))]
    BufferLength {
        /// The tensor's name.
        tensor: String,
        /// Its length.
        tensor_bytes: u64,
        /// The buffer's length.
        buffer_bytes: u64,
    },
    /// A row was asked for that the tensor does not have.
    #[error("tensor {tensor} has {rows} rows, so there is no row {row}", tensor = Quoted(tensor))]
    NoSuchRow {
        /// The tensor's name.
        tensor: String,
        /// The row asked for, counted from 0.
        row: u64,
        /// How many there are.
        rows: u64,
    },
    /// The tensors are not those that the configuration demands.
    #[error("the tensors in {directory} are not those that its config.json demands: {report}", directory = directory.display())]
    Mismatch {
        /// The checkpoint.
        directory: PathBuf,
        /// All that differs.
        report: Box<MismatchReport>,
    },
    /// A layer cannot be quantised with the layout that the configuration gives it.
    #[error("layer {layer} with weight {shape:?} cannot be quantised in groups of {group_size}: its last dimension must be a multiple of the group size", layer = Quoted(layer))]
    QuantizedShape {
        /// The layer's name.
        layer: String,
        /// The shape of its weight before packing.
        shape: Vec<usize>,
        /// The group size that does not divide it.
        group_size: u16,
    },
    /// A `tokenizer.json` breaks a rule.
    #[error("{path} is refused: {rule}", path = path.display())]
    Tokenizer {
        /// The file.
        path: PathBuf,
        /// The rule it breaks.
        rule: TokenizerRule,
    },
}
