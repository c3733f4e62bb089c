//! How a step is cut so that it fits: found before the first one, by prediction, and then tried.

mod estimate;
mod ladder;
mod search;

pub use estimate::{Estimate, Shape};
pub use search::{MemoryPlan, PlanRequest};
