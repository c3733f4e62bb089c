//! One optimizer step over the whole model.

use headroom_mlx::{Array, Result};

use crate::error::TrainError;
use crate::model::{Gradients, Parameters, Place};
use crate::optimizer::adamw::{Adapted, Stride};
use crate::optimizer::gradient_norm::{non_finite, sum_of_squares};
use crate::optimizer::in_place::number;
use crate::optimizer::muon::Push;
use crate::optimizer::rates::{AdamWSettings, MuonSettings, Rates};
use crate::optimizer::rounding::Rounding;
use crate::optimizer::schedule::Schedule;
use crate::optimizer::state::OptimizerState;

/// The recipe's optimizers with what they remember.
#[derive(Debug)]
pub struct Optimizer {
    /// Learning rates and the limit of the norm.
    pub rates: Rates,
    /// How they change.
    pub schedule: Schedule,
    /// What is remembered of each matrix.
    pub states: Parameters<OptimizerState>,
    /// Steps taken.
    pub step: u64,
    /// What the chance follows from with which weights in bfloat16 are rounded.
    pub seed: u64,
}

/// What a step was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    /// Of the mean gradient, before it was clipped.
    pub gradient_norm: f64,
    /// What the rates were multiplied by.
    pub rate_share: f64,
}

/// What all matrices' steps have in common.
struct Common {
    /// From a sum over tokens to the clipped mean.
    scale: f64,
    rates: Rates,
    rate_share: f64,
    momentum: f64,
}

impl Optimizer {
    /// Moves `weights` along the mean of the gradients, which were summed over `tokens` counted tokens and
    /// are forgotten one by one as they are used. `between` is called behind each matrix; it cannot end
    /// the step, for half a step is none.
    ///
    /// # Errors
    /// [`TrainError::NotFinite`] when a gradient is not, before any weight has moved; else when MLX
    /// fails.
    pub fn update(
        &mut self,
        weights: &mut Parameters<Array>,
        gradients: &mut Gradients,
        tokens: u64,
        between: &mut dyn FnMut(),
    ) -> std::result::Result<Update, TrainError> {
        let gradient_norm = self.norm(weights, gradients)? / tokens as f64;
        let rate_share = self.schedule.share(self.step);
        let common = Common {
            scale: self.clip(gradient_norm) / tokens as f64,
            rates: self.rates,
            rate_share,
            momentum: Schedule::momentum(self.step),
        };
        let matrices = weights.names().zip(weights.iter_mut());
        let matrices = matrices
            .zip(gradients.iter_mut())
            .zip(self.states.iter_mut());
        let mut rounding = Rounding {
            seed: self.seed,
            step: self.step,
            matrix: 0,
        };
        for ((((_, place), weight), sum), state) in matrices {
            if let Some(sum) = sum.take() {
                let gradient = sum.multiply(number(common.scale))?;
                drop(sum);
                common.step((place, rounding), (weight, state), &gradient)?;
            }
            rounding.matrix += 1;
            between();
        }
        self.step += 1;
        Ok(Update {
            gradient_norm,
            rate_share,
        })
    }

    /// The norm of all sums together. What is not finite in one gradient soon is in all, so that a weight
    /// is blamed before them, and of them the one that was computed first.
    fn norm(
        &self,
        weights: &Parameters<Array>,
        gradients: &Gradients,
    ) -> std::result::Result<f64, TrainError> {
        let sums = gradients.iter().map(|sum| sum.sum().map(sum_of_squares));
        let squares = sums.map(|sum| Ok(sum.transpose()?.unwrap_or(0.0)));
        let squares = squares.collect::<Result<Vec<f64>>>()?;
        if let Some(last) = squares.iter().rposition(|square| !square.is_finite()) {
            let blamed = non_finite(weights)?;
            let gradient = || gradients.names().nth(last).map(|(name, _)| name);
            return Err(TrainError::NotFinite {
                what: if blamed.is_some() {
                    "weight"
                } else {
                    "gradient of"
                },
                tensor: blamed.or_else(gradient).unwrap_or_default(),
                step: self.step,
            });
        }
        Ok(squares.into_iter().sum::<f64>().sqrt())
    }

    /// What gradients of that norm are multiplied by.
    fn clip(&self, norm: f64) -> f64 {
        match self.rates.gradient_clip {
            limit if limit > 0.0 => (limit / (norm + 1e-6)).min(1.0),
            _ => 1.0,
        }
    }
}

impl Common {
    fn step(
        &self,
        (place, rounding): (Place, Rounding),
        (weight, state): (&mut Array, &mut OptimizerState),
        gradient: &Array,
    ) -> Result<()> {
        match state {
            OptimizerState::AdamW { mean, variance } => {
                let width = weight.dim(1) as usize;
                let rate = match place {
                    Place::Embedding => self.rates.embedding_learning_rate,
                    Place::Block { .. } | Place::Head => self.rates.head_learning_rate,
                };
                let stride = Stride {
                    learning_rate: rate * Rates::width_share(width) * self.rate_share,
                    rounding,
                };
                let adapted = Adapted {
                    weight,
                    mean,
                    variance,
                };
                AdamWSettings::default().step(adapted, gradient, stride)
            }
            OptimizerState::Muon { momentum } => {
                let push = Push {
                    learning_rate: self.rates.matrix_learning_rate * self.rate_share,
                    momentum: self.momentum,
                    rounding,
                };
                MuonSettings::default().step(weight, momentum, gradient, push)
            }
        }
    }
}
