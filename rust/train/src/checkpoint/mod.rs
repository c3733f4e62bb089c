//! The state of a run in a directory that is whole or not there.

mod error;

pub use error::CheckpointError;
