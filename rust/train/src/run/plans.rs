//! The plans of a run, and what they have to keep to.

use headroom_engine::{memory_state, set_max_memory};
use headroom_memory::{MaxMemory, peak_footprint_bytes};
use headroom_mlx::Processor;

use crate::error::TrainError;
use crate::plan::{MemoryPlan, PlanRequest};
use crate::run::config::RunConfig;
use crate::run::training::Beginning;
use crate::training_dtype::TrainingDtype;

/// On two cores, rows of 512 tokens were as fast alone as four at a time, and took little over half
/// of the memory above weights and states.
const ENOUGH_TOKENS_OF_A_CPU: usize = 512;

/// What reading ahead comes to take behind the first rows: three blocks of text with their tokens.
const DATA_BYTES: u64 = 48 << 20;

/// The part of what is free that a run without a limit takes for itself.
const SHARE_OF_AVAILABLE: f64 = 0.9;

impl RunConfig {
    /// Plans within what the user says or most of what is free, the fastest first. Optimizers remember
    /// in `state_dtype`; where it is `None`, that is left to the plan.
    ///
    /// # Errors
    /// When none fits, or memory cannot be read or limited.
    pub(crate) fn plans(
        &self,
        beginning: &Beginning,
        state_dtype: Option<TrainingDtype>,
    ) -> Result<Vec<MemoryPlan>, TrainError> {
        headroom_mlx::warm_up_products()?;
        let limit_bytes = self.limit()?;
        let request = PlanRequest {
            geometry: beginning.geometry,
            rows: self.device_batch_size,
            enough_tokens: match Processor::current() {
                Processor::Cpu => ENOUGH_TOKENS_OF_A_CPU,
                Processor::Gpu => usize::MAX,
            },
            weight_bytes: self.dtype.size_bytes(),
            is_rounded: beginning.view.is_some(),
            state_dtype,
            recompute: self.recompute,
            process_bytes: process_bytes()?,
            limit_bytes,
        };
        request.plans()
    }

    fn limit(&self) -> Result<Option<u64>, TrainError> {
        if let Some(size) = self.max_memory {
            let limit = MaxMemory::from_bytes(size.bytes());
            let limit = limit.map_err(|error| TrainError::setting(error.to_string()))?;
            set_max_memory(Some(limit))?;
            return Ok(Some(limit.bytes()));
        }
        let state = memory_state()?;
        let free = state
            .available_bytes
            .map(|free| (free as f64 * SHARE_OF_AVAILABLE) as u64);
        Ok(free.map(|free| state.used_bytes.unwrap_or(0).saturating_add(free)))
    }
}

/// What the process has used so far at its most: the kernel counts pages of program files in it, which
/// whoever limits the process may count as well.
fn process_bytes() -> Result<u64, TrainError> {
    let used = memory_state()?.used_bytes.unwrap_or(0);
    Ok(peak_footprint_bytes().unwrap_or(0).max(used) + DATA_BYTES)
}
