//! How large gradients are, and whether numbers are numbers.

use headroom_mlx::{Array, Dtype, Exception, Result};

use crate::model::Parameters;

/// The sum of a gradient's squares: rows by MLX, rows together in float64. Not finite if one of its
/// numbers is not.
pub(crate) fn sum_of_squares(gradient: &Array) -> Result<f64> {
    let rows = gradient.square()?.sum_axis(-1, false)?;
    let rows = rows.to_vec_exact::<f32>().map_err(unreadable)?;
    Ok(rows.into_iter().map(f64::from).sum())
}

/// The first weight that has an infinity or no number in it.
///
/// # Errors
/// When MLX fails.
pub fn non_finite(weights: &Parameters<Array>) -> Result<Option<String>> {
    for ((tensor, _), weight) in weights.names().zip(weights.iter()) {
        // A difference with itself is zero, or no number.
        let zero = weight.subtract(weight)?.sum(None)?;
        let zero = zero.as_dtype(Dtype::Float32)?.try_item_exact::<f32>();
        if zero.map_err(unreadable)? != 0.0 {
            return Ok(Some(tensor));
        }
    }
    Ok(None)
}

fn unreadable(error: impl std::fmt::Display) -> Exception {
    Exception::custom(error.to_string())
}
