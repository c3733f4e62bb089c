//! The weights that training begins with.

use headroom_mlx::ops::random::{RandomState, normal};
use headroom_mlx::ops::zeros;
use headroom_mlx::{Array, Result};

use crate::model::geometry::Geometry;
use crate::model::parameters::{Parameters, Place};

/// The recipe's weights, in float32, the same for the same seed: the embedding from N(0, 1), a block's
/// matrices from N(0, min(1, √(outputs / inputs)) / √inputs), and zeros in the head and in every matrix
/// that leads into the residual stream.
///
/// # Errors
/// When MLX has no memory.
pub fn initial_weights(geometry: &Geometry, seed: u64) -> Result<Parameters<Array>> {
    let mut random = RandomState::with_seed(seed)?;
    let shapes = geometry.shapes();
    let mut shapes = shapes.iter();
    Parameters::try_make(geometry.layers, |_, place| {
        let &[outputs, inputs] = shapes.next().unwrap_or(&[0, 0]);
        let shape = [outputs as i32, inputs as i32];
        let array = match place {
            Place::Embedding => normal::<f32>(&shape, None, None, &random.next_key()?)?,
            Place::Block { is_residual: false } => {
                let deviation = deviation(outputs, inputs);
                normal::<f32>(&shape, None, deviation, &random.next_key()?)?
            }
            Place::Block { is_residual: true } | Place::Head => zeros::<f32>(&shape)?,
        };
        array.eval()?;
        Ok(array)
    })
}

fn deviation(outputs: usize, inputs: usize) -> f32 {
    let shrink = (outputs as f64 / inputs as f64).sqrt().min(1.0);
    (shrink / (inputs as f64).sqrt()) as f32
}
