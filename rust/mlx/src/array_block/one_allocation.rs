//! One allocation by MLX, counted by it from the start, with an array over each of its parts.
//!
//! A block for each array would not do: the C library writes a header before each, and the page that
//! holds it keeps 2 MiB around it from being one huge page.

use std::ffi::c_void;
use std::ops::Range;

use mlx_rs::ops::zeros_dtype;

use super::{ArrayLayout, huge_pages, no_memory};
use crate::{Array, Result};

/// Where arrays of ordinary size begin: a line of the processor's cache.
const ALIGNMENT_BYTES: usize = 64;
/// Where large ones begin: the system copies fastest to whole pages.
const LARGE_ALIGNMENT_BYTES: usize = 4096;
const LARGE_BYTES: usize = 1 << 20;

unsafe extern "C" {
    fn headroom_new_allocation(bytes: usize, start: *mut *mut c_void) -> *mut c_void;
    fn headroom_array_within(
        owner: *const c_void,
        pattern: *const c_void,
        offset: usize,
    ) -> *mut c_void;
}

/// The bytes of arrays to be.
pub(super) struct Memory {
    /// Owns the bytes.
    owner: Array,
    start: *mut u8,
    layouts: Vec<ArrayLayout>,
    /// Of each array, counted from `start`; in order and apart.
    places: Vec<Range<usize>>,
}

impl Memory {
    pub(super) fn new(layouts: Vec<ArrayLayout>) -> Result<Self> {
        let places = places(&layouts).ok_or_else(no_memory)?;
        let length = places.last().map_or(0, |last| last.end);
        // The allocator's own alignment is less than ours.
        let allocated = length
            .checked_add(LARGE_ALIGNMENT_BYTES)
            .ok_or_else(no_memory)?;
        let (owner, start) = allocate(allocated)?;
        let shift = start
            .align_offset(LARGE_ALIGNMENT_BYTES)
            .min(LARGE_ALIGNMENT_BYTES);
        huge_pages::advise(start.addr()..start.addr() + allocated);
        let shifted = |place: Range<usize>| place.start + shift..place.end + shift;
        Ok(Self {
            owner,
            start,
            layouts,
            places: places.into_iter().map(shifted).collect(),
        })
    }

    pub(super) fn parts(&mut self) -> Vec<&mut [u8]> {
        let parts = self.places.iter();
        // SAFETY: the places lie within the allocation and apart from each other, which `places` sees
        // to, and the allocation lives as long as the result; no array over it exists yet. It comes
        // from a foreign allocator, and whatever is in it is a valid `u8`.
        parts
            .map(|place| unsafe {
                std::slice::from_raw_parts_mut(self.start.add(place.start), place.len())
            })
            .collect()
    }

    pub(super) fn into_arrays(self) -> Result<Vec<Array>> {
        let parts = self.layouts.iter().zip(&self.places);
        parts
            .map(|(layout, place)| self.array_at(layout, place.start))
            .collect()
    }

    fn array_at(&self, layout: &ArrayLayout, offset: usize) -> Result<Array> {
        let pattern = zeros_dtype(&layout.dimensions, layout.dtype)?;
        // SAFETY: both handles are those of live arrays; the part lies within the owner's bytes at a
        // multiple of 8, and what comes back is NULL or an array of our own.
        let context =
            unsafe { headroom_array_within(self.owner.as_ptr().ctx, pattern.as_ptr().ctx, offset) };
        owned(context).ok_or_else(no_memory)
    }
}

fn allocate(bytes: usize) -> Result<(Array, *mut u8)> {
    if !can_be_had(bytes) {
        return Err(no_memory());
    }
    let mut start = std::ptr::null_mut();
    // SAFETY: what comes back is NULL or an array of our own, and where its bytes lie.
    let context = unsafe { headroom_new_allocation(bytes, &mut start) };
    let owner = owned(context).ok_or_else(no_memory)?;
    Ok((owner, start.cast()))
}

/// The array that a function above made, if it did.
fn owned(context: *mut c_void) -> Option<Array> {
    // SAFETY: the array is freed by its destructor and nothing else.
    (!context.is_null()).then(|| unsafe { Array::from_ptr(mlx_sys::mlx_array { ctx: context }) })
}

/// Asks the system first: memory that MLX's allocator did not get is counted as active for ever.
fn can_be_had(length: usize) -> bool {
    // SAFETY: a new mapping of nobody's, unmapped at once and never touched.
    unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let pages = libc::mmap(std::ptr::null_mut(), length, protection, kind, -1, 0);
        pages != libc::MAP_FAILED && libc::munmap(pages, length) == 0
    }
}

/// One array behind the other, each where its size wants it to begin.
fn places(layouts: &[ArrayLayout]) -> Option<Vec<Range<usize>>> {
    let mut end = 0usize;
    let places = layouts.iter().map(|layout| {
        let alignment = match layout.bytes >= LARGE_BYTES {
            true => LARGE_ALIGNMENT_BYTES,
            false => ALIGNMENT_BYTES,
        };
        let start = end.checked_next_multiple_of(alignment)?;
        end = start.checked_add(layout.bytes)?;
        Some(start..end)
    });
    places.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dtype;

    #[test]
    fn arrays_lie_apart_and_large_ones_on_pages() {
        let layout = |bytes| ArrayLayout::new(&[bytes], Dtype::Uint8).unwrap();
        let layouts = [layout(3), layout(0), layout(65), layout(1 << 20), layout(1)];
        let mebibyte = 1 << 20;
        assert_eq!(
            places(&layouts).unwrap(),
            [
                0..3,
                64..64,
                64..129,
                4096..4096 + mebibyte,
                4096 + mebibyte..4097 + mebibyte
            ]
        );
    }
}
