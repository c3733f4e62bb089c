//! How a step is cut so that it fits: found before the first one, by prediction, and then tried.

mod estimate;
mod ladder;
mod request;
mod search;

pub use estimate::{Estimate, Shape};
pub use request::PlanRequest;
pub use search::MemoryPlan;
