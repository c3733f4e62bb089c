//! Memory that becomes arrays once their bytes have been read: no second copy of a weight exists.

use std::fs::File;

#[cfg(target_vendor = "apple")]
use crate::Processor;
use crate::tensor_bytes::item_bytes;
use crate::{Array, Dtype, Exception, Result};

#[cfg(not(target_vendor = "apple"))]
mod huge_pages;
#[cfg(target_vendor = "apple")]
mod mapped;
#[cfg(not(target_vendor = "apple"))]
mod one_allocation;

#[cfg(target_vendor = "apple")]
use mapped::Memory;
#[cfg(not(target_vendor = "apple"))]
use one_allocation::Memory;

/// The bytes of arrays to be, row-major and little-endian.
pub struct ArrayBlock {
    memory: Memory,
}

/// What one array of a block is to be.
#[derive(Debug, Clone)]
pub struct ArrayLayout {
    dimensions: Vec<i32>,
    dtype: Dtype,
    bytes: usize,
}

impl ArrayLayout {
    /// An array of that shape and type.
    ///
    /// # Errors
    /// When a dimension does not fit MLX's 32 bits, or all of it the address space.
    pub fn new(shape: &[usize], dtype: Dtype) -> Result<Self> {
        let too_large = || Exception::custom(format!("{shape:?} is too large for an array"));
        let dimensions = shape.iter().map(|&dimension| i32::try_from(dimension));
        let elements = shape
            .iter()
            .try_fold(item_bytes(dtype), |product, &dimension| {
                product.checked_mul(dimension)
            });
        Ok(Self {
            dimensions: dimensions
                .collect::<std::result::Result<_, _>>()
                .map_err(|_| too_large())?,
            dtype,
            bytes: elements.ok_or_else(too_large)?,
        })
    }

    /// What the array takes.
    pub fn byte_len(&self) -> u64 {
        self.bytes as u64
    }
}

impl ArrayBlock {
    /// Allocates, and writes nothing: pages that are never touched take no memory.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn new(layouts: Vec<ArrayLayout>) -> Result<Self> {
        let memory = Memory::new(layouts)?;
        Ok(Self { memory })
    }

    /// The bytes of each array, in order. What they are before they are written is left open.
    pub fn parts(&mut self) -> Vec<&mut [u8]> {
        self.memory.parts()
    }

    /// The arrays, in order, over this very memory wherever MLX can take it. Where all are over one
    /// allocation, it goes with the last of them.
    ///
    /// # Errors
    /// When MLX refuses.
    pub fn into_arrays(self) -> Result<Vec<Array>> {
        self.memory.into_arrays()
    }
}

/// The array whose bytes lie in `file` from `offset` on, over the file's own pages: nothing is read
/// before it is used, and what the system drops under pressure it can read again. `None` where that
/// cannot be: only Metal takes memory as it is, and only whole pages of it.
///
/// A page of a file that has been cut short ends the process that touches it, so this is for files
/// that nobody may write.
#[cfg(target_vendor = "apple")]
pub fn map_array(file: &File, offset: u64, layout: &ArrayLayout) -> Option<Array> {
    match Processor::current() {
        Processor::Gpu => mapped::map_array(file, offset, layout),
        Processor::Cpu => None,
    }
}

/// As on Apple's systems, but elsewhere MLX copies what it is given.
#[cfg(not(target_vendor = "apple"))]
pub fn map_array(_file: &File, _offset: u64, _layout: &ArrayLayout) -> Option<Array> {
    None
}

fn no_memory() -> Exception {
    Exception::custom("there is no memory for arrays of this size")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layouts(arrays: &[(&[usize], Dtype)]) -> Vec<ArrayLayout> {
        let layouts = arrays
            .iter()
            .map(|(shape, dtype)| ArrayLayout::new(shape, *dtype));
        layouts.collect::<Result<_>>().unwrap()
    }

    fn three_lines() -> Vec<ArrayLayout> {
        let line: (&[usize], Dtype) = (&[8], Dtype::Uint8);
        layouts(&[line; 3])
    }

    #[test]
    fn arrays_hold_what_was_written_to_their_parts() {
        crate::start().unwrap();
        let shapes = layouts(&[(&[2, 3], Dtype::Float32), (&[4], Dtype::Uint8)]);
        let mut block = ArrayBlock::new(shapes).unwrap();
        let values = [1.0f32, -2.5, 3.0, 4.0, 0.0, 1e9];
        let mut parts = block.parts();
        for (bytes, value) in parts[0].chunks_exact_mut(4).zip(values) {
            bytes.copy_from_slice(&value.to_le_bytes());
        }
        parts[1].copy_from_slice(&[9, 8, 7, 6]);
        let arrays = block.into_arrays().unwrap();
        assert_eq!(
            (arrays[0].shape(), arrays[0].dtype()),
            (&[2, 3][..], Dtype::Float32)
        );
        assert_eq!(arrays[0].as_slice::<f32>(), values);
        assert_eq!(arrays[1].as_slice::<u8>(), [9, 8, 7, 6]);
        let transposed = arrays[0].t().contiguous().unwrap();
        assert_eq!(
            transposed.as_slice::<f32>(),
            [1.0, 4.0, -2.5, 0.0, 3.0, 1e9]
        );
    }

    #[test]
    fn an_array_outlives_its_neighbours() {
        crate::start().unwrap();
        let mut block = ArrayBlock::new(three_lines()).unwrap();
        for (part, value) in block.parts().into_iter().zip(1..) {
            part.fill(value);
        }
        let last = block.into_arrays().unwrap().pop().unwrap();
        assert_eq!(last.as_slice::<u8>(), [3; 8]);
        assert_eq!(last.add(&last).unwrap().as_slice::<u8>(), [6; 8]);
    }

    #[test]
    fn every_shape_and_type_has_its_bytes() {
        crate::start().unwrap();
        let arrays: [(&[usize], Dtype); 4] = [
            (&[], Dtype::Bfloat16),
            (&[0, 3], Dtype::Uint32),
            (&[3, 5, 7], Dtype::Uint8),
            (&[3], Dtype::Uint64),
        ];
        let mut block = ArrayBlock::new(layouts(&arrays)).unwrap();
        let lengths: Vec<_> = block.parts().iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [2, 0, 105, 24]);
        for (array, (shape, dtype)) in block.into_arrays().unwrap().iter().zip(arrays) {
            assert_eq!(
                (array.size(), array.dtype()),
                (shape.iter().product(), dtype)
            );
            array.eval().unwrap();
        }
        assert!(
            ArrayBlock::new(Vec::new())
                .unwrap()
                .into_arrays()
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn impossible_sizes_are_errors_and_count_as_nothing() {
        crate::start().unwrap();
        assert!(ArrayLayout::new(&[1 << 31], Dtype::Uint8).is_err());
        assert!(ArrayLayout::new(&[1 << 30, 1 << 30, 16], Dtype::Float32).is_err());
        let before = crate::allocator::read().unwrap().active_bytes;
        let huge = layouts(&[(&[1 << 30, 1 << 30], Dtype::Float32)]);
        assert!(ArrayBlock::new(huge).is_err());
        let after = crate::allocator::read().unwrap().active_bytes;
        assert!(after < before.saturating_add(1 << 50));
    }
}
