//! Training: a language model from nothing, and its tuning on conversations, inside a budget of
//! memory that holds.
//!
//! This room owns the recipe, the data and its order, the training step that walks block by block, the
//! optimizers, checkpoints that survive every end, and the record of a run. It depends on `engine`,
//! `models`, `hub`, `formats`, `mlx` and `memory`. It must never know a terminal or how a flag is spelt.

#![forbid(unsafe_code)]

pub mod base;
pub mod checkpoint;
pub mod data;
mod error;
mod file_lock;
pub mod model;
pub mod optimizer;
pub mod plan;
pub mod record;
pub mod run;
pub mod sft;
pub mod tokenizer;
pub mod tokenizer_learning;
mod training_dtype;

pub use error::TrainError;
pub use training_dtype::TrainingDtype;
