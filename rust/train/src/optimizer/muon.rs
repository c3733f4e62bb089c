//! Muon (Jordan, 2024): momentum, made orthogonal.

use headroom_mlx::ops::addmm;
use headroom_mlx::{Array, Result};

use crate::optimizer::in_place::{blend, number, replace, wide};
use crate::optimizer::rates::MuonSettings;
use crate::optimizer::rounding::Rounding;

/// The quintic whose repetition drives every singular value towards one.
const QUINTIC: [f32; 3] = [3.4445, -4.7750, 2.0315];

/// Keeps a matrix of zeros from being divided by zero.
const SMALLEST_NORM: f64 = 1e-7;

/// When a step is, and how far it goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Push {
    pub(crate) learning_rate: f64,
    /// The share of the old mean.
    pub(crate) momentum: f64,
    /// Of the weight.
    pub(crate) rounding: Rounding,
}

impl MuonSettings {
    /// One step: the mean of gradients goes on by `1 − momentum` towards the gradient, the step leads
    /// between the two (Nesterov), orthogonal, and is longer for tall matrices.
    pub(crate) fn step(
        &self,
        weight: &mut Array,
        remembered: &mut Array,
        gradient: &Array,
        push: Push,
    ) -> Result<()> {
        let momentum = push.momentum;
        replace(remembered, |mean| blend(mean, gradient, momentum))?;
        let ahead = blend(gradient, &wide(remembered)?, 1.0 - momentum)?;
        let direction = orthogonal(&ahead, self.iterations)?;
        let (rows, columns) = (f64::from(weight.dim(0)), f64::from(weight.dim(1)));
        let reach = push.learning_rate * (rows / columns).max(1.0).sqrt();
        push.rounding.replace(weight, |weight| {
            wide(weight)?.subtract(direction.multiply(number(reach))?)
        })
    }
}

/// Nearly the orthogonal matrix next to `x (rows, columns)`, by Newton and Schulz's iteration: its
/// singular values come to lie between about 0.7 and 1.2.
pub(crate) fn orthogonal(x: &Array, iterations: usize) -> Result<Array> {
    let is_tall = x.dim(0) > x.dim(1);
    let turned = |x: &Array| {
        if is_tall {
            x.transpose()
        } else {
            Ok(x.clone())
        }
    };
    let norm = x.square()?.sum(None)?.sqrt()?.add(number(SMALLEST_NORM))?;
    let mut x = turned(&x.divide(norm)?)?;
    let [first, third, fifth] = QUINTIC;
    for _ in 0..iterations {
        let square = x.matmul(x.transpose()?)?;
        let odd = addmm(&square, &square, &square, fifth, third)?;
        x = addmm(&x, &odd, &x, 1.0, first)?;
    }
    turned(&x)
}
