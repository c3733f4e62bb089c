//! Base training: from random weights and a stream of text to a model that continues texts.

mod config;
mod starting;

pub use config::{BaseConfig, Preset};
pub use starting::train_base;
