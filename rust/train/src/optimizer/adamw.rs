//! AdamW (Loshchilov and Hutter, 2019) with bias correction and without decay.

use headroom_mlx::ops::transforms::eval;
use headroom_mlx::{Array, Dtype, Result};

use crate::optimizer::rates::AdamWSettings;

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
    /// Steps before this one.
    pub(crate) step: u64,
}

impl AdamWSettings {
    /// One step along `gradient`, in float32 whatever the types of weight and means are.
    pub(crate) fn step(&self, adapted: Adapted, gradient: &Array, stride: Stride) -> Result<()> {
        let mean = blend(adapted.mean, gradient, self.betas[0])?;
        let variance = blend(adapted.variance, &gradient.square()?, self.betas[1])?;
        let taken = stride.step as f64 + 1.0;
        let [mean_share, variance_share] = self.betas.map(|beta| 1.0 - beta.powf(taken));
        // The learning rate over both corrections; deviation and epsilon are scaled alike.
        let reach = number(stride.learning_rate / mean_share * variance_share.sqrt());
        let epsilon = number(self.epsilon * variance_share.sqrt());
        let moved = mean
            .multiply(reach)?
            .divide(variance.sqrt()?.add(epsilon)?)?;
        let weight = wide(adapted.weight)?.subtract(moved)?;
        replace(adapted.weight, weight)?;
        replace(adapted.mean, mean)?;
        replace(adapted.variance, variance)?;
        eval([&*adapted.weight, &*adapted.mean, &*adapted.variance])
    }
}

/// `old · share + new · (1 − share)`
pub(crate) fn blend(old: &Array, new: &Array, share: f64) -> Result<Array> {
    let old = wide(old)?.multiply(number(share))?;
    old.add(new.multiply(number(1.0 - share))?)
}

/// Puts a new value in an array's place, in the type that is there.
pub(crate) fn replace(place: &mut Array, value: Array) -> Result<()> {
    *place = value.as_dtype(place.dtype())?;
    Ok(())
}

pub(crate) fn wide(x: &Array) -> Result<Array> {
    x.as_dtype(Dtype::Float32)
}

pub(crate) fn number(value: f64) -> Array {
    Array::from_f32(value as f32)
}
