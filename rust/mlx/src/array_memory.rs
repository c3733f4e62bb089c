//! Memory that becomes an array once its bytes have been read: no second copy of a weight exists.

use crate::tensor_bytes::item_bytes;
use crate::{Array, Dtype, Exception, Result};

#[cfg(target_vendor = "apple")]
mod mapped;
#[cfg(not(target_vendor = "apple"))]
mod unwritten;

#[cfg(target_vendor = "apple")]
use mapped::Memory;
#[cfg(not(target_vendor = "apple"))]
use unwritten::Memory;

/// The bytes of an array to be, row-major and little-endian.
pub struct ArrayMemory {
    memory: Memory,
}

impl ArrayMemory {
    /// Allocates, and writes nothing: pages that are never touched take no memory.
    ///
    /// # Errors
    /// When a dimension does not fit MLX's 32-bit shapes, or there is no memory.
    pub fn new(shape: &[usize], dtype: Dtype) -> Result<Self> {
        let dimensions = dimensions(shape)?;
        let memory = Memory::new(&dimensions, dtype)?;
        Ok(Self { memory })
    }

    /// All of its bytes. What they are before they are written is left open.
    pub fn bytes(&mut self) -> &mut [u8] {
        self.memory.bytes()
    }

    /// The array, over this very memory wherever MLX can take it.
    ///
    /// # Errors
    /// When MLX refuses.
    pub fn into_array(self) -> Result<Array> {
        self.memory.into_array()
    }
}

/// Asks the system to back memory that is about to be written by pages of 2 MiB: a fault for each
/// page of 4 KiB costs more than reading its bytes. Neighbours count as one stretch, since most
/// tensors are no multiple of such a page. On other systems than Linux it does nothing.
pub fn use_huge_pages<'a>(memories: impl IntoIterator<Item = &'a mut ArrayMemory>) {
    let ranges = memories
        .into_iter()
        .map(|memory| memory.bytes().as_ptr_range());
    huge_pages::advise(ranges.map(|range| range.start as usize..range.end as usize));
}

#[cfg(target_os = "linux")]
mod huge_pages {
    use std::ops::Range;

    const HUGE_PAGE_BYTES: usize = 2 << 20;

    pub(super) fn advise(ranges: impl Iterator<Item = Range<usize>>) {
        for stretch in stretches(ranges, page_bytes()) {
            if stretch.len() >= HUGE_PAGE_BYTES {
                // SAFETY: the advice changes no byte of any page, whoever owns it, and a range that
                // is not mapped is refused by the system.
                unsafe {
                    let start = std::ptr::with_exposed_provenance_mut(stretch.start);
                    libc::madvise(start, stretch.len(), libc::MADV_HUGEPAGE);
                }
            }
        }
    }

    /// The pages that the ranges touch, neighbours joined.
    pub(super) fn stretches(
        ranges: impl Iterator<Item = Range<usize>>,
        page_bytes: usize,
    ) -> Vec<Range<usize>> {
        let mut pages: Vec<_> = ranges
            .filter(|range| !range.is_empty())
            .map(|range| {
                range.start / page_bytes * page_bytes..range.end.next_multiple_of(page_bytes)
            })
            .collect();
        pages.sort_unstable_by_key(|range| range.start);
        let mut joined: Vec<Range<usize>> = Vec::new();
        for range in pages {
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        joined
    }

    fn page_bytes() -> usize {
        // SAFETY: the call takes a plain number and gives one.
        let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(bytes).unwrap_or(4096).max(1)
    }
}

#[cfg(not(target_os = "linux"))]
mod huge_pages {
    pub(super) fn advise(_: impl Iterator<Item = std::ops::Range<usize>>) {}
}

/// A shape as MLX takes it.
pub(crate) fn dimensions(shape: &[usize]) -> Result<Vec<i32>> {
    let dimensions = shape.iter().map(|&dimension| i32::try_from(dimension));
    dimensions
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| Exception::custom(format!("{shape:?} is too large for an array")))
}

fn length_in_bytes(dimensions: &[i32], dtype: Dtype) -> Result<usize> {
    let length = dimensions
        .iter()
        .try_fold(item_bytes(dtype), |product, &dimension| {
            product.checked_mul(usize::try_from(dimension).ok()?)
        });
    length.ok_or_else(no_memory)
}

fn no_memory() -> Exception {
    Exception::custom("there is no memory for an array of this size")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_holds_what_was_written_to_its_memory() {
        crate::start().unwrap();
        let mut memory = ArrayMemory::new(&[2, 3], Dtype::Float32).unwrap();
        let values = [1.0f32, -2.5, 3.0, 4.0, 0.0, 1e9];
        assert_eq!(memory.bytes().len(), 24);
        for (bytes, value) in memory.bytes().chunks_exact_mut(4).zip(values) {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
        let array = memory.into_array().unwrap();
        assert_eq!(
            (array.shape(), array.dtype()),
            (&[2, 3][..], Dtype::Float32)
        );
        assert_eq!(array.as_slice::<f32>(), values);
        let transposed = array.t().contiguous().unwrap();
        assert_eq!(
            transposed.as_slice::<f32>(),
            [1.0, 4.0, -2.5, 0.0, 3.0, 1e9]
        );
    }

    #[test]
    fn every_shape_and_type_has_its_bytes() {
        crate::start().unwrap();
        for (shape, dtype, length) in [
            (&[][..], Dtype::Bfloat16, 2),
            (&[0, 3], Dtype::Uint32, 0),
            (&[3, 5, 7], Dtype::Uint8, 105),
            (&[3], Dtype::Uint64, 24),
        ] {
            let mut memory = ArrayMemory::new(shape, dtype).unwrap();
            assert_eq!(memory.bytes().len(), length, "{shape:?}");
            memory.bytes().fill(0);
            let array = memory.into_array().unwrap();
            assert_eq!(array.size(), shape.iter().product::<usize>(), "{shape:?}");
            array.eval().unwrap();
        }
    }

    #[test]
    fn impossible_sizes_are_errors() {
        crate::start().unwrap();
        assert!(ArrayMemory::new(&[1 << 31], Dtype::Uint8).is_err());
        assert!(ArrayMemory::new(&[1 << 30, 1 << 30], Dtype::Float32).is_err());
        assert!(ArrayMemory::new(&[1 << 30, 1 << 30, 16], Dtype::Float32).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn neighbours_are_one_stretch_of_pages() {
        let ranges = [8200..9000, 10..100, 4090..8192, 20000..20000, 30000..30001];
        assert_eq!(
            huge_pages::stretches(ranges.into_iter(), 4096),
            [0..12288, 28672..32768]
        );
    }
}
