//! Quantisation to small floating-point numbers, which mlx-rs does not wrap.
//!
//! Reference: `mlx.core.quantize` of MLX 0.32.2, modes `mxfp4`, `mxfp8` and `nvfp4`.

use std::ffi::{CStr, c_int};

use mlx_rs::Stream;
use mlx_sys::{mlx_array, mlx_optional_dtype, mlx_optional_int, mlx_vector_array};

use crate::{Array, Exception, Result};

/// One of MLX's floating modes, each of which has one width and one group size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatingMode {
    /// E2M1 values, an E8M0 scale for 32 of them.
    Mxfp4,
    /// E4M3 values, an E8M0 scale for 32 of them.
    Mxfp8,
    /// E2M1 values, an E4M3 scale for 16 of them.
    Nvfp4,
}

impl FloatingMode {
    /// Bits per value.
    pub const fn bits(self) -> i32 {
        match self {
            Self::Mxfp4 | Self::Nvfp4 => 4,
            Self::Mxfp8 => 8,
        }
    }

    /// Inputs that share a scale.
    pub const fn group_size(self) -> i32 {
        match self {
            Self::Mxfp4 | Self::Mxfp8 => 32,
            Self::Nvfp4 => 16,
        }
    }

    const fn name(self) -> &'static CStr {
        match self {
            Self::Mxfp4 => c"mxfp4",
            Self::Mxfp8 => c"mxfp8",
            Self::Nvfp4 => c"nvfp4",
        }
    }

    /// The packed words and the scales of a weight `(out, in)`.
    pub(crate) fn quantize(self, weight: &Array) -> Result<(Array, Array)> {
        let stream = Stream::thread_local_or_default();
        // SAFETY: the weight and the stream live until the call returns and MLX takes its own references;
        // the null array stands for an absent global scale, as mlx-c documents; the vector is made and
        // freed here, and read only after the call has succeeded.
        unsafe {
            let mut parts = mlx_sys::mlx_vector_array_new();
            let status = mlx_sys::mlx_quantize(
                &mut parts,
                weight.as_ptr(),
                some(self.group_size()),
                some(self.bits()),
                self.name().as_ptr(),
                ABSENT,
                stream.as_ptr(),
            );
            let arrays = match status {
                0 => two_arrays(parts),
                _ => Err(failed("pack a matrix")),
            };
            mlx_sys::mlx_vector_array_free(parts);
            arrays
        }
    }

    /// The values of packed words in the type `dtype` of mlx-c. Every value has at most six significant
    /// bits, so that all floating types of 16 bits and more but float16, whose range is too small, hold
    /// them exactly.
    pub(crate) fn dequantize(self, weight: &Array, scales: &Array, dtype: Float) -> Result<Array> {
        let stream = Stream::thread_local_or_default();
        let dtype = mlx_optional_dtype {
            value: dtype.in_mlx(),
            has_value: true,
        };
        result("unpack a matrix", |result| {
            // SAFETY: the arrays and the stream live until the call returns and MLX takes its own
            // references; null arrays stand for absent biases and an absent global scale, as mlx-c
            // documents.
            unsafe {
                mlx_sys::mlx_dequantize(
                    result,
                    weight.as_ptr(),
                    scales.as_ptr(),
                    ABSENT,
                    some(self.group_size()),
                    some(self.bits()),
                    self.name().as_ptr(),
                    ABSENT,
                    dtype,
                    stream.as_ptr(),
                )
            }
        })
    }

    /// `x · weightᵀ` for `x (..., in)`.
    pub(crate) fn multiply(self, x: &Array, weight: &Array, scales: &Array) -> Result<Array> {
        let stream = Stream::thread_local_or_default();
        result("multiply with a packed matrix", |result| {
            // SAFETY: as in `dequantize`.
            unsafe {
                mlx_sys::mlx_quantized_matmul(
                    result,
                    x.as_ptr(),
                    weight.as_ptr(),
                    scales.as_ptr(),
                    ABSENT,
                    true,
                    some(self.group_size()),
                    some(self.bits()),
                    self.name().as_ptr(),
                    stream.as_ptr(),
                )
            }
        })
    }
}

/// What packed values are expanded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Float {
    /// On a CPU, whose products want it.
    Float32,
    /// On a GPU, as mlx-lm does.
    Bfloat16,
}

impl Float {
    const fn in_mlx(self) -> mlx_sys::mlx_dtype {
        match self {
            Self::Float32 => mlx_sys::mlx_dtype__MLX_FLOAT32,
            Self::Bfloat16 => mlx_sys::mlx_dtype__MLX_BFLOAT16,
        }
    }
}

const ABSENT: mlx_array = mlx_array {
    ctx: std::ptr::null_mut(),
};

fn some(value: i32) -> mlx_optional_int {
    mlx_optional_int {
        value,
        has_value: true,
    }
}

/// # Safety
/// `parts` is a live vector of arrays.
unsafe fn two_arrays(parts: mlx_vector_array) -> Result<(Array, Array)> {
    // SAFETY: the vector lives, as the caller promises.
    if unsafe { mlx_sys::mlx_vector_array_size(parts) } != 2 {
        return Err(failed("pack a matrix into words and scales"));
    }
    let get = |index| {
        result("take a packed part", |array| {
            // SAFETY: the vector lives and has that many arrays; MLX hands out a reference of its own.
            unsafe { mlx_sys::mlx_vector_array_get(array, parts, index) }
        })
    };
    Ok((get(0)?, get(1)?))
}

fn result(what: &str, operation: impl FnOnce(*mut mlx_array) -> c_int) -> Result<Array> {
    // SAFETY: the new array is handed to one operation, which fills it, and is then owned by `Array`,
    // which frees it, filled or empty.
    let (status, array) = unsafe {
        let mut array = mlx_sys::mlx_array_new();
        let status = operation(&mut array);
        (status, Array::from_ptr(array))
    };
    match status {
        0 => Ok(array),
        _ => Err(failed(what)),
    }
}

fn failed(what: &str) -> Exception {
    Exception::custom(format!("MLX could not {what}"))
}
