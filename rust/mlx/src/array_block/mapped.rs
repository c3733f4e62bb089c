//! Pages of our own, which MLX takes without a copy where Metal can: from a page's start on, and
//! whole pages long. Others it copies, so that one tensor at a time is there twice.

use std::ffi::c_void;
use std::fs::File;
use std::os::fd::AsRawFd;
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

/// Over the whole pages of a file that hold the array and nothing else; `None` where there are none.
pub(super) fn map_array(file: &File, offset: u64, layout: &ArrayLayout) -> Option<Array> {
    let page_bytes = page_bytes()?;
    let is_whole = offset.is_multiple_of(page_bytes as u64)
        && layout.bytes.is_multiple_of(page_bytes)
        && layout.bytes > 0;
    let pages = match is_whole {
        true => Pages::of_file(file, offset, layout.bytes)?,
        false => return None,
    };
    array_over(layout, pages).ok()
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
        Self::mapped(length, libc::MAP_ANON, (-1, 0))
    }

    /// What is written to them stays in this process; nothing is.
    fn of_file(file: &File, offset: u64, length: usize) -> Option<Self> {
        let offset = libc::off_t::try_from(offset).ok()?;
        Self::mapped(length, 0, (file.as_raw_fd(), offset))
    }

    fn mapped(
        length: usize,
        kind: libc::c_int,
        (file, offset): (libc::c_int, libc::off_t),
    ) -> Option<Self> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | kind;
        // SAFETY: a new mapping, where the system wants it; it outlives the file's descriptor.
        let start =
            unsafe { libc::mmap(std::ptr::null_mut(), length, protection, kind, file, offset) };
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

fn page_bytes() -> Option<usize> {
    // SAFETY: the call takes a plain number and gives one.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).ok().filter(|&bytes| bytes > 0)
}

/// Called by MLX, perhaps from another thread.
unsafe extern "C" fn release(pages: *mut c_void) {
    // SAFETY: `array_over` made it so, and MLX calls this once.
    drop(unsafe { Box::from_raw(pages.cast::<Pages>()) });
}
