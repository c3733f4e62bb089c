//! Operations on the bits of whole numbers, which mlx-rs does not wrap.

use std::ffi::c_int;

use mlx_rs::Stream;
use mlx_sys::{mlx_array, mlx_stream};

use crate::{Array, Exception, Result};

type Binary = unsafe extern "C" fn(*mut mlx_array, mlx_array, mlx_array, mlx_stream) -> c_int;

/// Both bits set. The two broadcast and have one type.
pub(crate) fn bitwise_and(a: &Array, b: &Array) -> Result<Array> {
    binary(mlx_sys::mlx_bitwise_and, a, b)
}

/// Moves the bits of `a` down by `b` places.
pub(crate) fn right_shift(a: &Array, b: &Array) -> Result<Array> {
    binary(mlx_sys::mlx_right_shift, a, b)
}

fn binary(operation: Binary, a: &Array, b: &Array) -> Result<Array> {
    let stream = Stream::thread_local_or_default();
    // SAFETY: both inputs and the stream live until the call returns; MLX takes its own references to
    // the inputs; the result is used only after its call has succeeded.
    unsafe {
        let mut result = mlx_sys::mlx_array_new();
        let status = operation(&mut result, a.as_ptr(), b.as_ptr(), stream.as_ptr());
        let result = Array::from_ptr(result);
        match status {
            0 => Ok(result),
            _ => Err(Exception::custom(
                "MLX could not work on the bits of two arrays",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_cut_out() {
        crate::start().unwrap();
        let bytes = Array::from_slice(&[0x5A_u8, 0xC3], &[2]);
        let four = Array::from_slice(&[4_u8], &[1]);
        let low = Array::from_slice(&[15_u8], &[1]);
        let lower = bitwise_and(&bytes, &low).unwrap();
        let upper = right_shift(&bytes, &four).unwrap();
        assert_eq!(lower.to_vec_exact::<u8>().unwrap(), [0xA, 3]);
        assert_eq!(upper.to_vec_exact::<u8>().unwrap(), [5, 0xC]);
    }
}
