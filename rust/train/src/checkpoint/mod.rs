//! The state of a run in a directory that is whole or not there.
//!
//! A directory per step: weights and optimizer state as safetensors, `config.json` and the tokenizer's
//! files, so that it is itself a model, and last a manifest with the size and SHA-256 of each file and
//! the state of the run. It is written under another name, every file is synced, then it is named, then
//! the directory around it is synced. Whatever ends the process, the newest that verifies is a whole one.

mod configuration;
mod difference;
mod disk;
mod error;
#[cfg(test)]
mod example;
#[cfg(test)]
mod faulty_disk;
mod hashed_file;
mod layout;
mod manifest;
mod publishing;
mod saved;
mod snapshot;
mod store;
mod writing;

pub use configuration::require_same_configuration;
pub use difference::Difference;
pub use error::{CheckpointError, Standing};
pub use publishing::publish;
pub use saved::{SavedCheckpoint, SavedTensors};
pub use snapshot::{Snapshot, TrainingState};
pub use store::{CheckpointStore, Latest, PassedOver};
