//! What can go wrong between a directory and its logits.

use std::path::PathBuf;

use headroom_formats::{FormatError, Quoted};
use headroom_mlx::Exception;

/// Why a model could not be opened or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// There is nothing at the path.
    #[error(
        "there is no directory {path}; give one that holds a model's config.json, safetensors and tokenizer.json",
        path = path.display()
    )]
    NoDirectory {
        /// The path.
        path: PathBuf,
    },
    /// A file did not pass the gate.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The directory's family is not one of ours.
    #[error(
        "{path}: `model_type` is {found}, which this version does not know; it knows {known}",
        path = path.display(),
        found = Quoted(found)
    )]
    UnknownFamily {
        /// The configuration file.
        path: PathBuf,
        /// What it says.
        found: String,
        /// The families there are.
        known: String,
    },
    /// A token id has no row in the embedding.
    #[error("token id {id} at position {position} is outside the vocabulary of {vocabulary_size}; use ids from 0 to {}", vocabulary_size - 1)]
    TokenOutOfRange {
        /// The id.
        id: u32,
        /// Where it stood in the input.
        position: usize,
        /// How many ids there are.
        vocabulary_size: u32,
    },
    /// Sequences and caches do not belong together.
    #[error(
        "{sequences} sequences over {layers} layers were given {caches} caches that do not fit; give each sequence a cache that this model made"
    )]
    CachesDoNotFit {
        /// Sequences to continue.
        sequences: usize,
        /// Layers that each cache must have.
        layers: usize,
        /// Caches given.
        caches: usize,
    },
    /// Loading was stopped by the host.
    #[error("loading was cancelled; load the model again to use it")]
    Cancelled,
    /// MLX could not carry out an operation.
    #[error("MLX could not compute: {}; free memory or use a smaller model or prompt", .0.what())]
    Mlx(#[from] Exception),
}
