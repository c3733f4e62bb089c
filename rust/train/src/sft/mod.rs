//! Tuning on conversations (supervised fine-tuning): a base model learns to answer. The loss counts what
//! the assistant says, and nothing else.

mod config;
mod starting;

pub use config::SftConfig;
pub use starting::train_sft;
