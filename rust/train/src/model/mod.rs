//! The model that is trained: nanochat as first published (Karpathy, 2025), with its gradient written
//! out by hand, so that what is alive at each moment is decided here and not by a graph.
//!
//! Formulas and names are those of `rust/models/src/nanochat.rs`; tests hold the two to the same logits.

mod activations;
mod attention;
mod block;
mod cross_entropy;
mod geometry;
mod gradients;
mod head;
mod initial;
mod normalization;
mod parameters;
mod quantized_view;
mod reading;
mod rotation;
mod walk;

pub use geometry::Geometry;
pub use gradients::Gradients;
pub use initial::initial_weights;
pub use parameters::{BlockMatrices, Parameters, Place};
pub use quantized_view::QuantizedView;
pub use reading::{read_geometry, read_weights};
pub use walk::{Kept, LossSum, MicroBatch, Walk, Watch, Workspace};
