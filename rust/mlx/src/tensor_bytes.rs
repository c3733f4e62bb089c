//! From checked bytes to an array, and back.

use std::ffi::c_void;

use crate::{Array, Dtype, Exception, Result};

/// Copies a tensor's bytes (row-major, little-endian) into an array.
///
/// # Errors
/// When a dimension does not fit MLX's 32-bit shapes or the bytes are not exactly the tensor.
pub fn array_from_bytes(bytes: &[u8], shape: &[usize], dtype: Dtype) -> Result<Array> {
    let wrong = || {
        let message = format!(
            "{} bytes are not a tensor of shape {shape:?} and type {dtype:?}",
            bytes.len()
        );
        Exception::custom(message)
    };
    let dimensions = shape
        .iter()
        .map(|&dimension| i32::try_from(dimension))
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|_| wrong())?;
    let elements = shape
        .iter()
        .try_fold(1usize, |product, &dimension| product.checked_mul(dimension));
    let expected = elements.and_then(|count| count.checked_mul(item_bytes(dtype)));
    if expected != Some(bytes.len()) {
        return Err(wrong());
    }
    // SAFETY: `bytes` holds exactly the elements that shape and dtype ask for, checked above; MLX
    // copies them before the call returns, byte by byte, so their alignment does not matter.
    Ok(unsafe { Array::from_raw_data(bytes.as_ptr().cast::<c_void>(), &dimensions, dtype) })
}

/// An array's elements, row-major and little-endian: what [`array_from_bytes`] takes. Evaluates it.
///
/// # Errors
/// When MLX cannot compute or read it.
pub fn bytes_of_array(array: &Array) -> Result<Vec<u8>> {
    let bytes = array.contiguous()?.view_dtype(Dtype::Uint8)?;
    bytes
        .to_vec_exact::<u8>()
        .map_err(|error| Exception::custom(error.to_string()))
}

pub(crate) fn item_bytes(dtype: Dtype) -> usize {
    match dtype {
        Dtype::Bool | Dtype::Uint8 | Dtype::Int8 => 1,
        Dtype::Uint16 | Dtype::Int16 | Dtype::Float16 | Dtype::Bfloat16 => 2,
        Dtype::Uint32 | Dtype::Int32 | Dtype::Float32 => 4,
        Dtype::Uint64 | Dtype::Int64 | Dtype::Float64 | Dtype::Complex64 => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_comes_back_from_its_bytes() {
        let array = Array::from_slice(&[1.0f32, -2.5, 3.0, 4.0], &[2, 2]);
        for array in [array.t(), array.as_dtype(Dtype::Bfloat16).unwrap()] {
            let bytes = bytes_of_array(&array).unwrap();
            let again = array_from_bytes(&bytes, &[2, 2], array.dtype()).unwrap();
            assert_eq!(bytes_of_array(&again).unwrap(), bytes);
            let sum = again.as_dtype(Dtype::Float32).unwrap().sum(None).unwrap();
            assert_eq!(sum.item_exact::<f32>(), 5.5);
        }
    }

    #[test]
    fn bytes_become_the_array_they_spell() {
        let bytes: Vec<u8> = [1.0f32, -2.5, 3.0, 4.0]
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let array = array_from_bytes(&bytes, &[2, 2], Dtype::Float32).unwrap();
        assert_eq!(array.shape(), &[2, 2]);
        assert_eq!(array.as_slice::<f32>(), &[1.0, -2.5, 3.0, 4.0]);
    }

    #[test]
    fn a_wrong_number_of_bytes_is_an_error() {
        assert!(array_from_bytes(&[0; 7], &[2], Dtype::Float32).is_err());
        assert!(array_from_bytes(&[0; 12], &[2], Dtype::Float32).is_err());
        assert!(array_from_bytes(&[], &[usize::MAX, 2], Dtype::Float32).is_err());
    }
}
