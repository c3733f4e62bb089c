//! One matrix, packed, unpacked or packed anew.

use headroom_formats::{Checkpoint, QuantizedLayout};
use headroom_mlx::Array;
use headroom_mlx::ops::transforms::eval;
use headroom_mlx::ops::{dequantize, quantize};
use headroom_models::read_tensor;

use crate::error::QuantizeError;
use crate::recipe::Change;

/// What is written for a matrix: its numbers, or packed ones with scales and biases.
pub(crate) fn changed_matrix(
    checkpoint: &Checkpoint,
    layer: &str,
    change: Change,
) -> Result<Vec<Array>, QuantizeError> {
    let tensor = |part: &str| read_tensor(checkpoint, &format!("{layer}.{part}"));
    let unpacked = |from: QuantizedLayout| -> Result<Array, QuantizeError> {
        let (weight, scales, biases) = (tensor("weight")?, tensor("scales")?, tensor("biases")?);
        let (group_size, bits) = (i32::from(from.group_size), i32::from(from.bits));
        Ok(dequantize(weight, scales, &biases, group_size, bits)?)
    };
    match change {
        Change::None => Ok(vec![tensor("weight")?]),
        Change::Unpack(from) => Ok(vec![unpacked(from)?]),
        Change::Pack(to) => packed(tensor("weight")?, to),
        Change::Repack { from, to } => packed(unpacked(from)?, to),
    }
}

fn packed(weight: Array, to: QuantizedLayout) -> Result<Vec<Array>, QuantizeError> {
    let (group_size, bits) = (i32::from(to.group_size), i32::from(to.bits));
    let (packed, scales, biases) = quantize(weight, group_size, bits)?;
    eval([&packed, &scales, &biases])?;
    Ok(vec![packed, scales, biases])
}
