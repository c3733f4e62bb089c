//! The fastest way to cut a step that stays within a limit.

use std::fmt;

use headroom_memory::ByteSize;

use crate::error::TrainError;
use crate::model::{Kept, Workspace};
use crate::plan::estimate::{Estimate, Shape};
use crate::plan::ladder::ladder;
use crate::plan::request::PlanRequest;
use crate::training_dtype::TrainingDtype;

/// How steps are cut, and what they are predicted to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryPlan {
    /// Rows that are computed together.
    pub rows: usize,
    /// Chunks, and what is kept.
    pub workspace: Workspace,
    /// The type of what optimizers remember.
    pub state_dtype: TrainingDtype,
    /// Bytes by what they are for.
    pub estimate: Estimate,
    /// What the process uses beside arrays.
    pub process_bytes: u64,
    /// What it may use.
    pub limit_bytes: Option<u64>,
}

/// What the heap loses between arrays, as a share of them, and at least: 0 to 6 % in four models.
const LOST_SHARE: f64 = 0.06;
const LOST_BYTES: u64 = 24 << 20;

impl PlanRequest {
    /// Every plan that is predicted to stay within the limit, the fastest first.
    ///
    /// # Errors
    /// [`TrainError::NothingFits`] with what the smallest would take.
    pub fn plans(&self) -> Result<Vec<MemoryPlan>, TrainError> {
        let all: Vec<_> = ladder(self)
            .into_iter()
            .map(|rung| self.plan(rung))
            .collect();
        let smallest = all
            .iter()
            .map(MemoryPlan::predicted_bytes)
            .min()
            .unwrap_or(0);
        let fits = |plan: &MemoryPlan| {
            self.limit_bytes
                .is_none_or(|limit| plan.predicted_bytes() <= limit)
        };
        let fitting: Vec<_> = all.iter().copied().filter(fits).collect();
        match (fitting.is_empty(), self.limit_bytes) {
            (true, Some(limit_bytes)) => Err(TrainError::NothingFits {
                limit_bytes: ByteSize::from_bytes(limit_bytes),
                needed_bytes: ByteSize::from_bytes(smallest),
                weights_bytes: ByteSize::from_bytes(
                    all.first().map_or(0, |plan| plan.estimate.weights),
                ),
            }),
            _ => Ok(fitting),
        }
    }

    fn plan(&self, (shape, state_dtype): (Shape, TrainingDtype)) -> MemoryPlan {
        MemoryPlan {
            rows: shape.rows,
            workspace: shape.workspace,
            state_dtype,
            estimate: shape.estimate(),
            process_bytes: self.process_bytes,
            limit_bytes: self.limit_bytes,
        }
    }
}

impl MemoryPlan {
    /// What the process is predicted to use at its peak.
    pub fn predicted_bytes(&self) -> u64 {
        let arrays = self.estimate.peak();
        let lost = (arrays as f64 * LOST_SHARE) as u64;
        self.process_bytes + arrays + lost.max(LOST_BYTES)
    }
}

impl fmt::Display for MemoryPlan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = |bytes| ByteSize::from_bytes(bytes);
        let Estimate {
            weights,
            gradients,
            states,
            ..
        } = self.estimate;
        let rows = match self.rows {
            1 => "1 row".to_owned(),
            rows => format!("{rows} rows"),
        };
        let kept = match self.workspace.kept {
            Kept::Activations => "all values of blocks kept",
            Kept::Inputs => "the inputs of blocks kept and the rest computed again",
        };
        let remembered = match self.state_dtype {
            TrainingDtype::Float32 => "float32",
            TrainingDtype::Bfloat16 => "bfloat16",
        };
        write!(
            formatter,
            "{rows} at a time, {kept}, loss over {} and attention over {} tokens at once: weights {}, gradients {}, optimizers {} ({remembered}), passing {}, process {}; peak predicted {}",
            self.workspace.loss_chunk_tokens,
            self.workspace.attention_chunk_tokens,
            size(weights),
            size(gradients),
            size(states),
            size(self.estimate.passing()),
            size(self.process_bytes),
            size(self.predicted_bytes()),
        )?;
        match self.limit_bytes {
            Some(limit) => write!(formatter, " of {}", size(limit)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Geometry;

    fn request(limit_bytes: Option<u64>) -> PlanRequest {
        PlanRequest {
            geometry: Geometry::of_depth(12, 65_536, 2048).unwrap(),
            rows: 8,
            enough_tokens: usize::MAX,
            weight_bytes: 4,
            is_rounded: false,
            state_dtype: None,
            recompute: false,
            process_bytes: 50 << 20,
            limit_bytes,
        }
    }

    #[test]
    fn the_fastest_plan_that_fits_comes_first() {
        let free = request(None).plans().unwrap();
        assert_eq!(
            (free[0].rows, free[0].workspace.kept),
            (8, Kept::Activations)
        );
        let tight = request(Some(4 << 30)).plans().unwrap();
        assert!(tight[0].predicted_bytes() <= 4 << 30);
        assert!(tight[0].rows < 8);
        assert!(tight.len() < free.len());
    }

    #[test]
    fn a_smaller_limit_never_gives_a_larger_plan() {
        let first = |limit| {
            request(Some(limit))
                .plans()
                .ok()
                .map(|plans| plans[0].predicted_bytes())
        };
        let peaks: Vec<_> = (2..24).map(|gib| first(gib << 30)).collect();
        assert!(peaks.is_sorted(), "{peaks:?}");
        assert!(peaks[0].is_none() && peaks[21].is_some());
    }

    #[test]
    fn where_nothing_fits_the_error_says_how_much_would() {
        let sentence = request(Some(100 << 20)).plans().unwrap_err().to_string();
        assert!(
            sentence.contains("100.0 MiB") && sentence.contains("weights"),
            "{sentence}"
        );
    }

    #[test]
    fn no_more_rows_are_taken_together_than_keep_the_processor_busy() {
        let first = |enough_tokens| {
            let request = PlanRequest {
                enough_tokens,
                ..request(None)
            };
            request.plans().unwrap()[0].rows
        };
        assert_eq!([1, 2048, 5000, 8192].map(first), [1, 1, 2, 4]);
    }

    #[test]
    fn states_are_rounded_only_when_nothing_else_is_left() {
        let plans = request(None).plans().unwrap();
        let rounded = plans
            .iter()
            .filter(|plan| plan.state_dtype == TrainingDtype::Bfloat16)
            .count();
        assert_eq!(
            (rounded, plans.last().unwrap().state_dtype),
            (1, TrainingDtype::Bfloat16)
        );
    }
}
