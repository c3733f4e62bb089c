//! How large all gradients are together.

use headroom_mlx::{Array, Exception, Result};

/// The sum of a gradient's squares: rows by MLX, rows together in float64. Not finite if one of its
/// numbers is not.
pub(crate) fn sum_of_squares(gradient: &Array) -> Result<f64> {
    let rows = gradient.square()?.sum_axis(-1, false)?;
    let rows = rows.to_vec_exact::<f32>();
    let rows = rows.map_err(|error| Exception::custom(error.to_string()))?;
    Ok(rows.into_iter().map(f64::from).sum())
}
