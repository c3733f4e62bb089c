//! Checkpoints in, smaller checkpoints out.
//!
//! This room owns which matrices of a model are packed, how, and the directory that is written: its
//! shards, index, configuration and everything that is copied beside them. What becomes of one tensor
//! is in memory at a time. For mixed recipes it measures on tokens by how much the loss rises with each
//! matrix. It depends on `models`, which knows what of a checkpoint a model uses, on `formats` and
//! `mlx`. It must never know text, requests or terminals.

#![forbid(unsafe_code)]

mod allocation;
mod configuration;
mod error;
mod float_dtype;
mod matrix;
mod measuring;
mod mixing;
mod mode;
mod output_directory;
mod plan;
mod recipe;
mod report;
mod rewriting;
mod sensitivity;
mod writing;

pub use error::QuantizeError;
pub use float_dtype::FloatDtype;
pub use headroom_formats::{AffineLayout, FloatingLayout, QuantizedLayout};
pub use measuring::CalibrationProgress;
pub use mixing::{ChoiceReport, MatrixReport, MixedReport};
pub use mode::Mode;
pub use recipe::{MixedRecipe, Recipe};
pub use report::Report;
pub use rewriting::{Request, rewrite};
pub use sensitivity::{Calibration, Choice, MatrixSensitivity, Sensitivity};
pub use writing::Progress;
