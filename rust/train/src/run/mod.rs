//! Steps, evaluations and checkpoints in their order, whatever the rows are.
//!
//! A run owns weights and optimizers, draws the rows of a step, cuts them as the plan says, and between
//! any two blocks looks at the memory of the process and at whether somebody has asked it to stop. What
//! was begun is then left, and what was finished is saved.

mod cut;
mod dry_step;
mod evaluation;
mod events;
mod guard;
mod launch;
mod memory_use;
mod saving;
mod source;
mod steps;
mod training;

pub(crate) use cut::Cut;
pub use events::{Observer, Outcome, TrainingEvent};
pub use launch::Resume;
pub(crate) use launch::{Launch, OutputDirectory};
pub use source::RowSource;
pub(crate) use steps::RunSettings;
pub(crate) use training::Beginning;
