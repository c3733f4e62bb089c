//! One matrix, packed, unpacked or packed anew, some rows at a time.

use std::ops::Range;

use headroom_formats::{FormatError, PlannedTensor};
use headroom_mlx::{Array, bytes_of_array};
use headroom_models::{ModelContents, StoredMatrix, pack, read_tensor};

use crate::error::QuantizeError;
use crate::float_dtype::FloatDtype;
use crate::recipe::Change;

/// Values that are unpacked or packed at once: 1 MiB in float32.
const BLOCK_VALUES: usize = 1 << 18;

/// The bytes of what is written for a matrix, one buffer for each tensor. Beside them only a few rows
/// are in memory at a time.
pub(crate) fn changed_matrix(
    contents: &ModelContents,
    matrix: &StoredMatrix,
    (change, float): (Change, Option<FloatDtype>),
    written: &[PlannedTensor],
) -> Result<Vec<Vec<u8>>, QuantizeError> {
    let rows = contents.rows_of(matrix)?;
    let buffers = written.iter().map(|tensor| buffer(contents, tensor));
    let mut buffers = buffers.collect::<Result<Vec<_>, FormatError>>()?;
    let step = (BLOCK_VALUES / matrix.inputs.max(1)).max(1) as u32;
    let count = u32::try_from(rows.row_count()).unwrap_or(u32::MAX);
    for start in (0..count).step_by(step as usize) {
        let block = start..count.min(start.saturating_add(step));
        let values = as_float(rows.values(block.clone())?, float)?;
        require_finite(&values, &matrix.layer, block)?;
        for (buffer, part) in buffers.iter_mut().zip(parts(values, change)?) {
            buffer.extend_from_slice(&bytes_of_array(&part)?);
        }
    }
    Ok(buffers)
}

/// Numbers that do not fit a smaller type become infinities, which are refused.
fn as_float(values: Array, float: Option<FloatDtype>) -> Result<Array, QuantizeError> {
    match float {
        Some(float) => Ok(values.as_dtype(float.computed())?),
        None => Ok(values),
    }
}

/// The bytes of a whole tensor whose numbers get another type.
pub(crate) fn cast(
    contents: &ModelContents,
    name: &str,
    to: FloatDtype,
) -> Result<Vec<u8>, QuantizeError> {
    let values = as_float(read_tensor(&contents.checkpoint, name)?, Some(to))?;
    let rows = values.shape().first().copied().unwrap_or(0);
    require_finite(&values, name, 0..u32::try_from(rows).unwrap_or(0))?;
    Ok(bytes_of_array(&values)?)
}

/// What some rows become.
fn parts(values: Array, change: Change) -> Result<Vec<Array>, QuantizeError> {
    Ok(match change {
        Change::None | Change::Unpack => vec![values],
        Change::Pack(to) => pack(&values, to)?.into_parts(),
    })
}

/// Packed, a single value that is no number would spoil its whole group without a word.
fn require_finite(values: &Array, layer: &str, rows: Range<u32>) -> Result<(), QuantizeError> {
    let all = values.is_finite()?.all(None)?.to_vec_exact::<bool>();
    match all.is_ok_and(|all| all == [true]) {
        true => Ok(()),
        false => Err(QuantizeError::NotFinite {
            layer: layer.to_owned(),
            rows,
        }),
    }
}

/// An empty buffer with room for a tensor.
fn buffer(contents: &ModelContents, tensor: &PlannedTensor) -> Result<Vec<u8>, FormatError> {
    let mut buffer = Vec::new();
    let bytes = usize::try_from(tensor.byte_len()).unwrap_or(usize::MAX);
    match buffer.try_reserve_exact(bytes) {
        Ok(()) => Ok(buffer),
        Err(_) => Err(FormatError::OutOfMemory {
            path: contents.checkpoint.location().to_owned(),
            what: tensor.name.clone(),
            needed_bytes: tensor.byte_len(),
        }),
    }
}
