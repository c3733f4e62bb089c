//! Language models: one file per family, named after its `model_type`, over shared layers and a
//! key-value cache.
//!
//! This room owns what a family's `config.json` means, which tensors it demands and what it
//! computes. It depends on `formats`, which has checked every byte it reads, and on `mlx`. It must
//! never know text, sampling, requests or how much memory the machine has.

mod activation;
mod architecture;
mod attention;
mod cache;
mod contents;
mod cross_entropy;
mod decoder;
mod demand;
mod embedding;
mod error;
mod family;
mod gemma3;
mod gemma3_config;
mod gemma3_text;
mod gemma3n;
mod head;
mod heads;
mod layer_kinds;
mod linear;
mod llama;
mod matrix_in_file;
mod mlp;
mod model;
mod nanochat;
mod normalization;
mod openelm;
mod phi3;
mod predictions;
mod projections;
mod qwen3;
mod replaced_matrix;
mod rope;
mod settings;
mod smollm3;
mod table;
mod tensor_source;
mod text_part;
mod weights;

pub use cache::{
    CacheDescription, CacheLayout, CachePrecision, CacheQuantization, CacheStateError, ComputedIn,
    ModelCache,
};
pub use contents::{ModelContents, StoredMatrix};
pub use cross_entropy::cross_entropy;
pub use demand::demanded_tensors;
pub use error::ModelError;
pub use family::{FAMILIES, Family, contents, open, outline, shape_of};
pub use matrix_in_file::MatrixInFile;
pub use model::{LanguageModel, LayerShape, LoadProgress, LogitRows, ModelOutline, ModelShape};
pub use predictions::Predictions;
pub use replaced_matrix::{ReplacedMatrix, SharedWeights, pack};
pub use rope::RopeStretch;
pub use table::EmbeddingPlacement;
pub use weights::read_tensor;
