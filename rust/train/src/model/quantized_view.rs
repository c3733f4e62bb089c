//! Weights as they will be once they are packed, so that a model learns to live with it.
//!
//! Steps see rounded weights, and what these should change by goes to the weights behind them, as if
//! rounding were not there: the straight-through estimator (Bengio, Léonard and Courville, 2013) in
//! quantisation-aware training (Jacob et al., 2018).

use headroom_formats::{AFFINE_BITS, AFFINE_GROUP_SIZES, QuantizedLayout};
use headroom_mlx::{Array, Dtype, Result};
use headroom_models::pack;

use crate::error::TrainError;
use crate::model::parameters::Parameters;

/// A way to round weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuantizedView(QuantizedLayout);

impl QuantizedView {
    /// As MLX's affine mode packs with so many bits, in groups of so many values.
    ///
    /// # Errors
    /// When the mode has no such bits or groups.
    pub fn affine(bits: u8, group_size: u16) -> std::result::Result<Self, TrainError> {
        let layout = QuantizedLayout::affine(bits, group_size);
        layout.map(Self).ok_or_else(|| {
            TrainError::setting(format!(
                "weights cannot be rounded to {bits} bits in groups of {group_size}; give --round-bits out of {AFFINE_BITS:?} and --round-group-size out of {AFFINE_GROUP_SIZES:?}"
            ))
        })
    }

    /// All weights as they come back from a checkpoint whose scales are bfloat16. Matrices whose inputs
    /// do not divide into groups stay as they are. Each is evaluated.
    ///
    /// # Errors
    /// When MLX fails.
    pub fn of(self, weights: &Parameters<Array>) -> Result<Parameters<Array>> {
        weights.try_map(|matrix| self.rounded(matrix))
    }

    fn rounded(self, matrix: &Array) -> Result<Array> {
        if !self.0.divides(matrix.dim(-1) as usize) {
            return Ok(matrix.clone());
        }
        let packed = pack(&matrix.as_dtype(Dtype::Bfloat16)?, self.0)?;
        let rounded = packed.unpack()?.as_dtype(matrix.dtype())?;
        rounded.eval()?;
        Ok(rounded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Geometry, initial_weights};

    #[test]
    fn what_is_rounded_has_few_values_in_a_group_and_is_close() {
        headroom_mlx::start().unwrap();
        let geometry = Geometry::of_depth(1, 300, 32).unwrap();
        let weights = initial_weights(&geometry, Dtype::Float32, 7).unwrap();
        let rounded = QuantizedView::affine(4, 64).unwrap().of(&weights).unwrap();
        let [before, after] = [&weights, &rounded].map(|all| {
            let query = &all.blocks[0].query;
            assert_eq!(query.dtype(), Dtype::Float32);
            query.as_slice::<f32>()[..64].to_vec()
        });
        let mut values = after.clone();
        values.sort_by(f32::total_cmp);
        values.dedup();
        assert!(values.len() <= 16, "{}", values.len());
        let width = before
            .iter()
            .fold(0f32, |most, value| most.max(value.abs()));
        let apart = before
            .iter()
            .zip(&after)
            .map(|(before, after)| (before - after).abs());
        let most = apart.fold(0f32, f32::max);
        assert!(most > 0.0 && most < width / 10.0, "{most} of {width}");
    }

    #[test]
    fn bits_that_nothing_packs_are_refused_with_those_that_there_are() {
        let sentence = QuantizedView::affine(7, 64).unwrap_err().to_string();
        assert!(
            sentence.contains("7 bits") && sentence.contains("--round-bits"),
            "{sentence}"
        );
    }
}
