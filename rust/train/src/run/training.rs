//! What a run consists of between two steps.

use headroom_mlx::{Array, Dtype};

use crate::data::Row;
use crate::error::TrainError;
use crate::model::{
    Geometry, Gradients, LossSum, MicroBatch, Parameters, QuantizedView, Walk, Watch,
};
use crate::optimizer::{Optimizer, OptimizerState, Rates, Schedule, Update};
use crate::plan::MemoryPlan;
use crate::run::memory_use::MemoryLimit;

/// A model in training.
pub(crate) struct Training {
    pub(crate) geometry: Geometry,
    pub(crate) weights: Parameters<Array>,
    pub(crate) optimizer: Optimizer,
    /// Tokens trained on so far.
    pub(crate) tokens: u64,
    /// Whether no update was left half way.
    pub(crate) is_whole: bool,
    /// Plans from the one in use to smaller ones.
    plans: Vec<MemoryPlan>,
    view: Option<QuantizedView>,
    walk: Walk,
}

/// What a model in training begins with.
pub(crate) struct Beginning<'a> {
    pub(crate) geometry: Geometry,
    /// Makes or reads the weights, once there is a plan for them.
    pub(crate) weights: Box<dyn FnOnce() -> Result<Parameters<Array>, TrainError> + 'a>,
    pub(crate) rates: Rates,
    pub(crate) schedule: Schedule,
    /// How the weights are rounded that steps see; `None` shows them as they are.
    pub(crate) view: Option<QuantizedView>,
}

impl Training {
    /// With optimizers that remember nothing yet, and the first of `plans`; chance follows from `seed`.
    ///
    /// # Errors
    /// When there is no memory, or no plan.
    pub(crate) fn begin(
        beginning: Beginning,
        plans: Vec<MemoryPlan>,
        seed: u64,
    ) -> Result<Self, TrainError> {
        let Beginning {
            geometry,
            weights,
            rates,
            schedule,
            view,
        } = beginning;
        let weights = weights()?;
        let plan = plans.first().ok_or(TrainError::NoPlan)?;
        Ok(Self {
            walk: Walk::new(geometry, plan.rows, plan.workspace),
            optimizer: Optimizer {
                rates,
                schedule,
                states: OptimizerState::zeros(&geometry, plan.state_dtype)?,
                step: 0,
                seed,
            },
            geometry,
            weights,
            tokens: 0,
            is_whole: true,
            plans,
            view,
        })
    }

    /// The plan in use.
    pub(crate) fn plan(&self) -> &MemoryPlan {
        // There is always one: `begin` demands it, and the last is never dropped.
        &self.plans[0]
    }

    /// What the process may use.
    pub(crate) fn memory(&self) -> MemoryLimit {
        MemoryLimit { plan: *self.plan() }
    }

    /// Goes on with the next plan that is smaller by a tenth of what passes, and remembers as precisely;
    /// whether there is one.
    pub(crate) fn shrink(&mut self) -> bool {
        let current = *self.plan();
        let bound = current.estimate.passing() / 10 * 9;
        let is_smaller = |plan: &MemoryPlan| {
            plan.estimate.passing() <= bound && plan.state_dtype == current.state_dtype
        };
        let Some(next) = self.plans.iter().position(is_smaller) else {
            return false;
        };
        self.plans.drain(..next);
        let plan = *self.plan();
        self.walk = Walk::new(self.geometry, plan.rows, plan.workspace);
        true
    }

    /// The type of weights.
    pub(crate) fn dtype(&self) -> Dtype {
        self.weights.embedding.dtype()
    }

    /// The summed gradients of `rows`.
    ///
    /// # Errors
    /// When MLX fails, or `watch` ends the step.
    pub(crate) fn accumulate(
        &self,
        rows: &[Row],
        watch: &mut dyn Watch,
    ) -> Result<(Gradients, LossSum), TrainError> {
        let weights = self.seen()?;
        let mut sums = Gradients::none(&self.geometry);
        let mut loss = LossSum::default();
        for rows in rows.chunks(self.plan().rows) {
            let rows = rows.to_vec();
            loss += self.walk_for(&MicroBatch { rows }, |walk, batch| {
                walk.accumulate(&weights, batch, &mut sums, watch)
            })?;
        }
        Ok((sums, loss))
    }

    /// The weights as steps see them.
    ///
    /// # Errors
    /// When MLX fails.
    pub(crate) fn seen(&self) -> Result<Parameters<Array>, TrainError> {
        match self.view {
            Some(view) => Ok(view.of(&self.weights)?),
            None => Ok(self.weights.clone()),
        }
    }

    /// Nats of every target of `rows`, row after row, for weights that [`Self::seen`] gave.
    ///
    /// # Errors
    /// As [`Self::accumulate`].
    pub(crate) fn nats(
        &self,
        weights: &Parameters<Array>,
        rows: Vec<Row>,
        watch: &mut dyn Watch,
    ) -> Result<Vec<f32>, TrainError> {
        self.walk_for(&MicroBatch { rows }, |walk, batch| {
            walk.evaluate(weights, batch, watch)
        })
    }

    /// One optimizer step.
    ///
    /// # Errors
    /// When a gradient is not finite, before any weight has moved; or when MLX fails.
    pub(crate) fn update(
        &mut self,
        mut sums: Gradients,
        tokens: u64,
        between: &mut dyn FnMut(),
    ) -> Result<Update, TrainError> {
        self.is_whole = false;
        let (weights, optimizer) = (&mut self.weights, &mut self.optimizer);
        let updated = optimizer.update(weights, &mut sums, tokens, between);
        self.is_whole = matches!(updated, Ok(_) | Err(TrainError::NotFinite { .. }));
        updated
    }

    /// Fewer rows than planned, as the last of an evaluation are, have a walk of their own.
    fn walk_for<T>(
        &self,
        batch: &MicroBatch,
        work: impl FnOnce(&Walk, &MicroBatch) -> Result<T, TrainError>,
    ) -> Result<T, TrainError> {
        let plan = self.plan();
        match batch.rows.len() == plan.rows {
            true => work(&self.walk, batch),
            false => work(
                &Walk::new(self.geometry, batch.rows.len(), plan.workspace),
                batch,
            ),
        }
    }
}
