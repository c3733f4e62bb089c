//! What a plan is asked for.

use crate::model::Geometry;
use crate::training_dtype::TrainingDtype;

/// What is to be planned.
#[derive(Debug, Clone, Copy)]
pub struct PlanRequest {
    /// The model.
    pub geometry: Geometry,
    /// Most rows that may be computed together.
    pub rows: usize,
    /// Tokens that keep the processor busy: more of them at a time take memory and gain nothing.
    pub enough_tokens: usize,
    /// Bytes of a weight.
    pub weight_bytes: u64,
    /// Whether steps see a rounded copy of the weights.
    pub is_rounded: bool,
    /// The type of what optimizers remember; `None` leaves it to the plan.
    pub state_dtype: Option<TrainingDtype>,
    /// Keep only the inputs of blocks, whatever fits.
    pub recompute: bool,
    /// What the process uses before any array is there.
    pub process_bytes: u64,
    /// What it may use; `None` where nobody knows.
    pub limit_bytes: Option<u64>,
}
