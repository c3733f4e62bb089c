//! How a new weight gets into the type of the old one.
//!
//! An update that is smaller than half of a bfloat16's last digit would be lost in rounding to the nearest,
//! step after step, and tuning, whose rates are small, would not move most weights at all. Rounded
//! stochastically it is there on average, without a second copy of the weights (Gupta et al., 2015;
//! Zamirai et al., 2020).

use headroom_mlx::ops::random;
use headroom_mlx::{Array, Dtype, Result, round_stochastically};

use crate::optimizer::in_place::replace;

/// Where the chance in rounding one matrix in one step comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rounding {
    /// Of the run.
    pub(crate) seed: u64,
    /// Steps before this one.
    pub(crate) step: u64,
    /// Matrices before this one.
    pub(crate) matrix: u64,
}

/// No model has more matrices.
const MATRIX_BITS: u32 = 16;
/// Keeps seeds apart that differ by little: an odd number without a pattern.
const SEED_FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

impl Rounding {
    /// Computes a weight anew, in float32, in its place and type.
    pub(crate) fn replace(
        &self,
        weight: &mut Array,
        value: impl FnOnce(&Array) -> Result<Array>,
    ) -> Result<()> {
        if weight.dtype() != Dtype::Bfloat16 {
            return replace(weight, value);
        }
        let new = value(weight)?;
        // What it was computed from goes before random numbers come.
        new.eval()?;
        *weight = round_stochastically(&new, &self.key()?)?;
        drop(new);
        weight.eval()
    }

    /// Another one for every matrix of every step.
    fn key(&self) -> Result<Array> {
        let place = (self.step << MATRIX_BITS) | self.matrix;
        random::key(place ^ self.seed.wrapping_mul(SEED_FACTOR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::in_place::number;
    use headroom_mlx::ops::ones;

    /// The mean of many weights behind steps that are a fortieth of the last digit of each.
    fn mean_after_small_steps(dtype: Dtype) -> f32 {
        headroom_mlx::start().unwrap();
        let mut weight = ones::<f32>(&[64, 64]).unwrap().as_dtype(dtype).unwrap();
        for step in 0..100 {
            let rounding = Rounding {
                seed: 1,
                step,
                matrix: 0,
            };
            let moved = |weight: &Array| weight.as_dtype(Dtype::Float32)?.subtract(number(1e-4));
            rounding.replace(&mut weight, moved).unwrap();
        }
        assert_eq!(weight.dtype(), dtype);
        let wide = weight.as_dtype(Dtype::Float32).unwrap();
        wide.mean(None).unwrap().item_exact::<f32>()
    }

    #[test]
    fn steps_that_are_smaller_than_the_last_digit_are_not_lost() {
        for dtype in [Dtype::Float32, Dtype::Bfloat16] {
            let mean = mean_after_small_steps(dtype);
            assert!((mean - 0.99).abs() < 5e-4, "{dtype:?}: {mean}");
        }
    }

    #[test]
    fn every_matrix_of_every_step_is_rounded_by_another_chance() {
        headroom_mlx::start().unwrap();
        let rounding = |seed, step, matrix| {
            let rounding = Rounding { seed, step, matrix };
            rounding.key().unwrap().to_vec_exact::<u32>().unwrap()
        };
        let all = [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 1, 1)];
        let mut keys = all.map(|(seed, step, matrix)| rounding(seed, step, matrix));
        keys.sort();
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "{keys:?}");
    }
}
