//! Steps, evaluations and checkpoints in their order, whatever the rows are.
//!
//! A run owns weights and optimizers, draws the rows of a step, cuts them as the plan says, and between
//! any two blocks looks at the memory of the process and at whether somebody has asked it to stop. What
//! was begun is then left, and what was finished is saved.

mod config;
mod dry_step;
mod evaluation;
mod events;
mod fields;
mod guard;
mod launch;
mod memory_use;
mod plans;
mod saving;
mod source;
mod steps;
mod training;

pub use config::RunConfig;
pub(crate) use config::require_not_negative;
pub use events::{Observer, Outcome, TrainingEvent};
pub(crate) use fields::{from_fields, to_fields};
pub use launch::Resume;
pub(crate) use launch::{Launch, OutputDirectory};
pub use source::RowSource;
pub(crate) use steps::RunSettings;
pub(crate) use training::Beginning;
