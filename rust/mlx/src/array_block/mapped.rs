//! Pages of our own, which MLX takes without a copy where Metal can: from a page's start on, and
//! whole pages long. Others it copies, so that one tensor at a time is there twice.

use std::ffi::c_void;
use std::ptr::NonNull;

use super::{ArrayLayout, no_memory};
use crate::{Array, Result};

/// The bytes of arrays to be, each on pages of its own.
pub(super) struct Memory {
    arrays: Vec<(ArrayLayout, Pages)>,
}

impl Memory {
    pub(super) fn new(layouts: Vec<ArrayLayout>) -> Result<Self> {
        let with_pages = layouts.into_iter().map(|layout| {
            let pages = Pages::anonymous(layout.bytes).ok_or_else(no_memory)?;
            Ok((layout, pages))
        });
        Ok(Self {
            arrays: with_pages.collect::<Result<_>>()?,
        })
    }

    pub(super) fn parts(&mut self) -> Vec<&mut [u8]> {
        let arrays = self.arrays.iter_mut();
        // SAFETY: the pages are at least this long, zero until written, and borrowed with `self`.
        arrays
            .map(|(layout, pages)| unsafe {
                std::slice::from_raw_parts_mut(pages.start.as_ptr().cast(), layout.bytes)
            })
            .collect()
    }

    pub(super) fn into_arrays(self) -> Result<Vec<Array>> {
        let arrays = self.arrays.into_iter();
        arrays
            .map(|(layout, pages)| array_over(&layout, pages))
            .collect()
    }
}

fn array_over(layout: &ArrayLayout, pages: Pages) -> Result<Array> {
    let start = pages.start.as_ptr();
    let pages = Box::into_raw(Box::new(pages)).cast::<c_void>();
    // SAFETY: the pages hold all elements that shape and type ask for; MLX calls `release` with them
    // once, when it needs them no more.
    let array = unsafe {
        mlx_sys::mlx_array_new_data_managed_payload(
            start,
            layout.dimensions.as_ptr(),
            layout.dimensions.len() as i32,
            layout.dtype.into(),
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
    // SAFETY: `array_over` made it so, and MLX calls this once.
    drop(unsafe { Box::from_raw(pages.cast::<Pages>()) });
}
