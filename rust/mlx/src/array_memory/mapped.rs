//! Pages of our own, which MLX takes without a copy where Metal can: from a page's start on, and
//! whole pages long. Others it copies, so that one tensor at a time is there twice.

use std::ffi::c_void;
use std::ptr::NonNull;

use super::{length_in_bytes, no_memory};
use crate::{Array, Dtype, Result};

/// The bytes of an array to be.
pub(super) struct Memory {
    pages: Pages,
    length: usize,
    dimensions: Vec<i32>,
    dtype: Dtype,
}

impl Memory {
    pub(super) fn new(dimensions: &[i32], dtype: Dtype) -> Result<Self> {
        let length = length_in_bytes(dimensions, dtype)?;
        Ok(Self {
            pages: Pages::anonymous(length).ok_or_else(no_memory)?,
            length,
            dimensions: dimensions.to_vec(),
            dtype,
        })
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the pages are at least this long, zero until written, and borrowed with `self`.
        unsafe { std::slice::from_raw_parts_mut(self.pages.start.as_ptr().cast(), self.length) }
    }

    pub(super) fn into_array(self) -> Result<Array> {
        let start = self.pages.start.as_ptr();
        let rank = self.dimensions.len() as i32;
        let pages = Box::into_raw(Box::new(self.pages)).cast::<c_void>();
        // SAFETY: the pages hold all elements that shape and type ask for; MLX calls `release` with
        // them once, when it needs them no more.
        let array = unsafe {
            mlx_sys::mlx_array_new_data_managed_payload(
                start,
                self.dimensions.as_ptr(),
                rank,
                self.dtype.into(),
                pages,
                Some(release),
            )
        };
        match array.ctx.is_null() {
            true => Err(no_memory()),
            // SAFETY: a new array of our own, freed by its destructor and nothing else.
            false => Ok(unsafe { Array::from_ptr(array) }),
        }
    }
}

/// Whole pages, unmapped when dropped.
struct Pages {
    start: NonNull<c_void>,
    length: usize,
}

impl Pages {
    fn anonymous(length: usize) -> Option<Self> {
        let length = length.max(1);
        // SAFETY: a new mapping, where the system wants it.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANON,
                -1,
                0,
            )
        };
        let start = NonNull::new(start).filter(|start| start.as_ptr() != libc::MAP_FAILED)?;
        Some(Self { start, length })
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: this value alone owns the mapping.
        unsafe { libc::munmap(self.start.as_ptr(), self.length) };
    }
}

/// Called by MLX, perhaps from another thread.
unsafe extern "C" fn release(pages: *mut c_void) {
    // SAFETY: `into_array` made it so, and MLX calls this once.
    drop(unsafe { Box::from_raw(pages.cast::<Pages>()) });
}
