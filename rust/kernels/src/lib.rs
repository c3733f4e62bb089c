//! Kernels for a CPU: slices and shapes in, slices out.
//!
//! This room owns loops that MLX's CPU backend runs on one core, or in many passes over memory. It
//! depends on the standard library alone. It must never know MLX, a model or a file. Loops are written
//! for the compiler to vectorise and compiled once for each set of instructions that it may find.

mod exponential;
mod instructions;
mod soft_capped_cross_entropy;
mod threads;

pub use soft_capped_cross_entropy::{CappedLoss, soft_capped_cross_entropy};
