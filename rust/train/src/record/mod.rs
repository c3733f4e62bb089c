//! What a run did: its log, its plots, and whether its memory grows.

mod error;

pub use error::RecordError;
