//! A step that changes nothing, to see whether the plan holds.

use headroom_memory::{ByteSize, peak_footprint_bytes};
use headroom_mlx::allocator;

use crate::data::Row;
use crate::error::TrainError;
use crate::model::{Geometry, Watch};
use crate::optimizer::Rates;
use crate::record::Phase;
use crate::run::events::{Observer, TrainingEvent};
use crate::run::guard::Guard;
use crate::run::training::Training;

impl Training {
    /// Takes two micro-batches and an update without learning rates, with the plan in use, and with
    /// smaller ones until one holds. For a run whose optimizers remember nothing yet.
    ///
    /// # Errors
    /// [`TrainError::OverBudget`] when not even the smallest plan holds.
    pub(crate) fn try_plan(&mut self, observer: &mut dyn Observer) -> Result<(), TrainError> {
        loop {
            observer.happened(TrainingEvent::Planned(self.plan()));
            allocator::reset_peak()?;
            let mut guard = Guard::new(observer, self.memory());
            match self.without_learning(&mut guard).and_then(|()| self.held()) {
                Ok(()) => break,
                Err(error @ TrainError::OverBudget { .. }) if !self.shrink() => return Err(error),
                Err(TrainError::OverBudget { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let peak_footprint_bytes = peak_footprint_bytes();
        observer.happened(TrainingEvent::Tried {
            peak_footprint_bytes,
        });
        Ok(())
    }

    /// Whether the peak of arrays, beside all that the process uses otherwise, stayed within the limit.
    fn held(&self) -> Result<(), TrainError> {
        let memory = self.memory();
        let Some(found) = memory.look()? else {
            return Ok(());
        };
        // What MLX keeps for later stays in: the steps to come will have it, too.
        let used_bytes = found.used_bytes.saturating_sub(found.active_bytes) + found.peak_bytes;
        match used_bytes <= found.limit_bytes {
            true => Ok(()),
            false => Err(TrainError::OverBudget {
                used_bytes: ByteSize::from_bytes(used_bytes),
                limit_bytes: ByteSize::from_bytes(found.limit_bytes),
                needed_bytes: ByteSize::from_bytes(
                    found.needed_bytes(&memory.plan).max(used_bytes),
                ),
            }),
        }
    }

    fn without_learning(&mut self, watch: &mut dyn Watch) -> Result<(), TrainError> {
        let rows = vec![made_up_row(&self.geometry); 2 * self.plan().rows];
        let (sums, loss) = self.accumulate(&rows, watch)?;
        let rates = std::mem::replace(&mut self.optimizer.rates, STILL);
        let updated = self.update(sums, loss.tokens, &mut || ());
        self.optimizer.rates = rates;
        self.optimizer.step = 0;
        self.forget()?;
        updated?;
        watch.after(Phase::Update)
    }

    /// Lets the optimizers remember nothing, one matrix after another.
    fn forget(&mut self) -> Result<(), TrainError> {
        for state in self.optimizer.states.iter_mut() {
            state.clear()?;
        }
        Ok(())
    }
}

const STILL: Rates = Rates {
    embedding_learning_rate: 0.0,
    head_learning_rate: 0.0,
    matrix_learning_rate: 0.0,
    gradient_clip: 1.0,
};

fn made_up_row(geometry: &Geometry) -> Row {
    let id = |position: usize| (position % geometry.vocabulary) as u32;
    Row {
        inputs: (0..geometry.context).map(id).collect(),
        targets: (1..=geometry.context).map(id).collect(),
        counted: vec![true; geometry.context],
    }
}
