//! Structs that cross by value. Each begins with `size`, which the host sets to `sizeof` of the
//! struct it was compiled with, so that fields can be added at the end: no byte past that size is
//! read or written, and a field that the host does not know keeps its default.

use crate::c::output::null;
use crate::fault::{Fault, FaultKind};

/// A struct with `size` in front.
///
/// # Safety
/// `repr(C)`, and the first field is `size: usize`.
pub(super) unsafe trait SizeFirst: Copy {
    /// Its name in the header.
    const NAME: &'static str;
    /// Up to the end of the last field that the first version of the header had.
    const FIRST_SIZE: usize;
}

/// A struct that the host fills in.
///
/// # Safety
/// Any bytes are a value: integers, floating-point numbers and raw pointers alone.
pub(super) unsafe trait AnyBytes: SizeFirst {}

/// No version will ever have a struct so large: a size beyond it was never set.
const LARGEST_SIZE: usize = 1 << 16;

/// The size that the host set.
///
/// # Errors
/// NULL, a size that cuts off fields which every version has, and one that no version will have.
///
/// # Safety
/// `pointer` is NULL, or points to at least a `usize`.
pub(super) unsafe fn size_of_given<T: SizeFirst>(pointer: *const T) -> Result<usize, Fault> {
    if pointer.is_null() {
        return Err(null(T::NAME));
    }
    // SAFETY: not null, and `size` is the first field.
    let size = unsafe { pointer.cast::<usize>().read_unaligned() };
    if !(T::FIRST_SIZE..=LARGEST_SIZE).contains(&size) {
        let name = T::NAME;
        let message =
            format!("the size of {name} is {size}; set it to sizeof({name}) before the call");
        return Err(Fault::new(FaultKind::InvalidStructSize, message));
    }
    Ok(size)
}

/// Reads a struct; fields past the host's size are taken from `defaults`.
///
/// # Errors
/// Those of [`size_of_given`].
///
/// # Safety
/// `pointer` is NULL, or as many bytes can be read from it as its `size` says.
pub(super) unsafe fn read_struct<T: AnyBytes>(pointer: *const T, defaults: T) -> Result<T, Fault> {
    // SAFETY: the caller's own promise.
    let size = unsafe { size_of_given(pointer) }?;
    let mut value = defaults;
    let known = size.min(size_of::<T>());
    // SAFETY: `known` bytes are readable as promised and fit into `value`, for which any bytes do.
    unsafe {
        std::ptr::copy_nonoverlapping(pointer.cast::<u8>(), (&raw mut value).cast::<u8>(), known);
    }
    Ok(value)
}

/// A struct that the host wants filled. Nothing is written before [`Self::write`].
pub(super) struct StructOutput<T> {
    pointer: *mut T,
    size: usize,
}

impl<T: SizeFirst> StructOutput<T> {
    /// Checks the place before any work is done for it.
    ///
    /// # Errors
    /// Those of [`size_of_given`].
    ///
    /// # Safety
    /// `pointer` is NULL, or as many bytes as its `size` says can be read and written until the
    /// export returns.
    pub(super) unsafe fn new(pointer: *mut T) -> Result<Self, Fault> {
        // SAFETY: the caller's own promise.
        let size = unsafe { size_of_given(pointer) }?;
        Ok(Self { pointer, size })
    }

    /// Fills what the host has room for; `size` then says how much of it that is.
    pub(super) fn write(self, value: T) {
        let filled = self.size.min(size_of::<T>());
        // SAFETY: `filled` bytes are writable as promised to `new`, `value` has as many, and the
        // first of them are `size`.
        unsafe {
            let source = (&raw const value).cast::<u8>();
            std::ptr::copy_nonoverlapping(source, self.pointer.cast::<u8>(), filled);
            self.pointer.cast::<usize>().write_unaligned(filled);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq)]
    #[repr(C)]
    struct Sample {
        size: usize,
        first: u64,
        added_later: u64,
    }

    // SAFETY: `repr(C)`, `size` first.
    unsafe impl SizeFirst for Sample {
        const NAME: &'static str = "sample";
        const FIRST_SIZE: usize = offset_of!(Sample, first) + size_of::<u64>();
    }

    // SAFETY: integers alone.
    unsafe impl AnyBytes for Sample {}

    fn sample(size: usize) -> Sample {
        Sample {
            size,
            first: 1,
            added_later: 2,
        }
    }

    #[test]
    fn an_older_host_keeps_the_default_of_what_it_does_not_know() {
        let defaults = Sample {
            added_later: 7,
            ..sample(24)
        };
        // SAFETY: `size` is never more than the struct has.
        let old = unsafe { read_struct(&sample(16), defaults) }.unwrap();
        assert_eq!((old.first, old.added_later), (1, 7));
        // SAFETY: as above.
        let new = unsafe { read_struct(&sample(24), defaults) }.unwrap();
        assert_eq!((new.first, new.added_later), (1, 2));
    }

    #[test]
    fn nothing_is_written_past_the_size_given() {
        let mut host = Sample {
            size: 16,
            first: 0,
            added_later: 99,
        };
        // SAFETY: `size` is never more than the struct has.
        unsafe { StructOutput::new(&raw mut host) }
            .unwrap()
            .write(sample(24));
        assert_eq!((host.size, host.first, host.added_later), (16, 1, 99));
    }

    #[test]
    fn a_newer_host_is_told_how_much_was_filled() {
        let mut host = [sample(48), sample(5)];
        // SAFETY: the array has the 48 bytes that `size` says.
        unsafe { StructOutput::new(host.as_mut_ptr()) }
            .unwrap()
            .write(sample(0));
        assert_eq!(host, [sample(24), sample(5)]);
    }

    #[test]
    fn null_and_sizes_that_cannot_be_right_are_refused() {
        // SAFETY: NULL is allowed.
        let null = unsafe { size_of_given::<Sample>(std::ptr::null()) };
        assert_eq!(null.unwrap_err().kind, FaultKind::NullPointer);
        for size in [0, 8, 15, LARGEST_SIZE + 1, usize::MAX] {
            // SAFETY: a whole struct is behind the pointer.
            let wrong = unsafe { size_of_given(&sample(size)) };
            assert_eq!(wrong.unwrap_err().kind, FaultKind::InvalidStructSize);
        }
    }
}
