//! AdamW (Loshchilov and Hutter, 2019) with bias correction and without decay.

use headroom_mlx::{Array, Result};

use crate::optimizer::in_place::{blend, number, replace, wide};
use crate::optimizer::rates::AdamWSettings;
use crate::optimizer::rounding::Rounding;

/// One matrix with its running means.
pub(crate) struct Adapted<'a> {
    pub(crate) weight: &'a mut Array,
    pub(crate) mean: &'a mut Array,
    pub(crate) variance: &'a mut Array,
}

/// When a step is, and how far it goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stride {
    pub(crate) learning_rate: f64,
    /// Of the weight; it knows how many steps were before this one.
    pub(crate) rounding: Rounding,
}

impl AdamWSettings {
    /// One step along `gradient`, in float32 whatever the types of weight and means are.
    ///
    /// Each of the three is computed before the next, so that no more than two of their size come and go.
    pub(crate) fn step(&self, adapted: Adapted, gradient: &Array, stride: Stride) -> Result<()> {
        let Adapted {
            weight,
            mean,
            variance,
        } = adapted;
        replace(mean, |mean| blend(mean, gradient, self.betas[0]))?;
        replace(variance, |variance| {
            blend(variance, &gradient.square()?, self.betas[1])
        })?;
        let taken = stride.rounding.step as f64 + 1.0;
        let [mean_share, variance_share] = self.betas.map(|beta| 1.0 - beta.powf(taken));
        // The learning rate over both corrections; deviation and epsilon are scaled alike.
        let reach = number(stride.learning_rate / mean_share * variance_share.sqrt());
        let epsilon = number(self.epsilon * variance_share.sqrt());
        stride.rounding.replace(weight, |weight| {
            let deviation = wide(variance)?.sqrt()?.add(epsilon)?;
            let moved = wide(mean)?.multiply(reach)?.divide(deviation)?;
            wide(weight)?.subtract(moved)
        })
    }
}
