//! What a safetensors file must keep to, as typed rules, and the limits behind them.

use crate::quoted::{Quoted, Shortened};

/// Longest header that is read.
pub(crate) const HEADER_LIMIT_BYTES: u64 = 64 << 20;
/// Bytes of `__metadata__` that are kept; the rest is passed over.
pub(crate) const METADATA_LIMIT_BYTES: usize = 8 << 20;
/// Most tensors in one file, and in one checkpoint.
pub(crate) const TENSOR_LIMIT: usize = 100_000;
/// Longest tensor name in bytes.
pub(crate) const NAME_LIMIT_BYTES: usize = 256;
/// Most dimensions of a tensor.
pub(crate) const RANK_LIMIT: usize = 8;
/// Largest dimension: MLX keeps dimensions as signed 32-bit numbers.
pub(crate) const DIMENSION_LIMIT: u64 = i32::MAX as u64;

/// What the frame of a safetensors file must keep to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderRule {
    /// The file ends before the header length does.
    #[error("it has {file_bytes} bytes, but the header length alone takes 8")]
    TooShort {
        /// The file's length.
        file_bytes: u64,
    },
    /// The header length runs past the end of the file.
    #[error(
        "its header of {header_bytes} bytes runs past the end of the file of {file_bytes} bytes; the file is cut off or no safetensors file"
    )]
    HeaderPastEnd {
        /// Length the file gives for its header.
        header_bytes: u64,
        /// The file's length.
        file_bytes: u64,
    },
    /// The header is longer than any honest one.
    #[error("its header has {header_bytes} bytes, but at most {HEADER_LIMIT_BYTES} are read")]
    HeaderTooLong {
        /// Length the file gives for its header.
        header_bytes: u64,
    },
    /// The header is not JSON of the right structure.
    #[error("its header is not the JSON it should be: {}", Shortened(.0))]
    Malformed(String),
    /// The header lists more tensors than any honest one.
    #[error("its header lists more than {TENSOR_LIMIT} tensors")]
    TooManyTensors,
    /// Bytes follow the last tensor.
    #[error(
        "its tensors end after {covered_bytes} of {data_bytes} data bytes; every byte must belong to a tensor"
    )]
    TrailingBytes {
        /// Bytes that belong to tensors.
        covered_bytes: u64,
        /// Bytes after the header.
        data_bytes: u64,
    },
}

/// What each tensor in a header must keep to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TensorRule {
    /// The name is empty or too long.
    #[error("a name must have 1 to {NAME_LIMIT_BYTES} bytes and this one has {0}")]
    NameLength(usize),
    /// The name holds control characters.
    #[error("a name must not hold control characters")]
    NameCharacters,
    /// The name occurs twice.
    #[error("the name occurs twice")]
    Duplicate,
    /// The entry has a missing, unknown or wrongly typed field.
    #[error("its entry is malformed: {}", Shortened(.0))]
    Malformed(String),
    /// The element type is not accepted.
    #[error("its element type {} is not one of F32, F16, BF16, U64, U32, U16, U8, I64, I32, I16, I8", Quoted(.0))]
    UnknownDtype(String),
    /// Too many dimensions.
    #[error("it has more than {RANK_LIMIT} dimensions")]
    Rank,
    /// A dimension that MLX cannot hold.
    #[error("its dimension {0} is larger than {DIMENSION_LIMIT}")]
    Dimension(u64),
    /// The shape's product does not fit 64 bits.
    #[error("its shape {0:?} multiplies past 64 bits")]
    Overflow(Vec<usize>),
    /// The byte range ends before it starts.
    #[error("its byte range {start}..{end} ends before it starts")]
    BackwardRange {
        /// First byte.
        start: u64,
        /// One past the last byte.
        end: u64,
    },
    /// The byte range is not as long as shape and element type demand.
    #[error(
        "its byte range holds {range_bytes} bytes, but its shape and element type demand {demanded_bytes}"
    )]
    Length {
        /// What the range holds.
        range_bytes: u64,
        /// What shape and element type demand.
        demanded_bytes: u64,
    },
    /// The byte range ends past the end of the file.
    #[error("its byte range ends at {end} of {data_bytes} data bytes; the file is cut off")]
    PastEnd {
        /// One past the last byte.
        end: u64,
        /// Bytes after the header.
        data_bytes: u64,
    },
    /// The byte range starts inside another tensor.
    #[error("its byte range starts at {start}, inside another tensor that ends at {previous_end}")]
    Overlap {
        /// First byte.
        start: u64,
        /// Where the tensor before it ends.
        previous_end: u64,
    },
    /// Bytes before this tensor belong to no tensor.
    #[error(
        "its byte range starts at {start}, but the tensor before it ends at {previous_end}; every byte must belong to a tensor"
    )]
    Hole {
        /// First byte.
        start: u64,
        /// Where the tensor before it ends.
        previous_end: u64,
    },
}
