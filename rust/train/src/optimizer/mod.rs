//! From summed gradients to new weights: clipping by the norm of all of them, AdamW for the tables, Muon
//! for the matrices of blocks.

mod adamw;
mod gradient_norm;
mod in_place;
mod muon;
mod rates;
mod rounding;
mod schedule;
mod state;
mod update;

pub use gradient_norm::non_finite;
pub use rates::{AdamWSettings, MuonSettings, Rates};
pub use schedule::Schedule;
pub use state::OptimizerState;
pub use update::{Optimizer, Update};
