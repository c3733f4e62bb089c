//! Memory from MLX's own allocator, counted by it from the start.

use std::ffi::c_void;

use mlx_rs::ops::zeros_dtype;

use super::{length_in_bytes, no_memory};
use crate::{Array, Dtype, Result};

/// An array whose bytes nobody has seen yet.
pub(super) struct Memory {
    array: Array,
    bytes: *mut u8,
    length: usize,
}

unsafe extern "C" {
    fn headroom_unwritten_array(pattern: *const c_void, bytes: *mut *mut c_void) -> *mut c_void;
}

impl Memory {
    pub(super) fn new(dimensions: &[i32], dtype: Dtype) -> Result<Self> {
        let pattern = zeros_dtype(dimensions, dtype)?;
        let length = length_in_bytes(dimensions, dtype)?;
        if !can_be_had(length) {
            return Err(no_memory());
        }
        let mut bytes = std::ptr::null_mut();
        // SAFETY: the handle is that of a live array; what comes back is NULL or an array of our own,
        // which is made of it at once, and where its bytes lie.
        let context = unsafe { headroom_unwritten_array(pattern.as_ptr().ctx, &mut bytes) };
        if context.is_null() {
            return Err(no_memory());
        }
        // SAFETY: as above; the array is freed by its destructor and nothing else.
        let array = unsafe { Array::from_ptr(mlx_sys::mlx_array { ctx: context }) };
        Ok(Self {
            array,
            bytes: bytes.cast(),
            length,
        })
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        if self.length == 0 {
            return &mut [];
        }
        // SAFETY: MLX allocated this many bytes for the array, which lives as long as the result; no
        // other handle to it exists until it is given away. They come from a foreign allocator, and
        // whatever is in them is a valid `u8`.
        unsafe { std::slice::from_raw_parts_mut(self.bytes, self.length) }
    }

    pub(super) fn into_array(self) -> Result<Array> {
        Ok(self.array)
    }
}

/// Asks the system first: memory that MLX's allocator did not get is counted as active for ever.
fn can_be_had(length: usize) -> bool {
    const SMALL_BYTES: usize = 1 << 17;
    if length < SMALL_BYTES {
        return true;
    }
    // SAFETY: a new mapping of nobody's, unmapped at once and never touched.
    unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let pages = libc::mmap(std::ptr::null_mut(), length, protection, kind, -1, 0);
        pages != libc::MAP_FAILED && libc::munmap(pages, length) == 0
    }
}
