//! Language models: one file per family, named after its `model_type`, over shared layers and a
//! key-value cache.
//!
//! This room owns what a family's `config.json` means, which tensors it demands and what it
//! computes. It depends on `formats`, which has checked every byte it reads, and on `mlx`. It must
//! never know text, sampling, requests or how much memory the machine has.

mod attention;
mod cache;
mod decoder;
mod embedding;
mod error;
mod family;
mod linear;
mod llama;
mod model;
mod normalization;
mod qwen3;
mod rope;
mod settings;
mod table;
mod tensor_source;

pub use cache::{
    CacheDescription, CacheLayout, CachePrecision, CacheQuantization, CacheStateError, ComputedIn,
    ModelCache,
};
pub use error::ModelError;
pub use family::{FAMILIES, Family, open, outline};
pub use model::{LanguageModel, LayerShape, LoadProgress, LogitRows, ModelOutline, ModelShape};
