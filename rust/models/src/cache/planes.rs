//! Keys and values as they lie in memory, dense or quantised, with the operations that a cache needs
//! along their positions. Every array is `(1, key_value_heads, positions, width)`.

use std::ops::Range;

use headroom_mlx::ops::indexing::{TryIndexMutOp, TryIndexOp};
use headroom_mlx::ops::{broadcast_to, concatenate};
use headroom_mlx::{Array, Result};

use super::plane::{Plane, PlaneFormat};

/// The axis of positions.
const POSITIONS: i32 = 2;

/// The keys and the values of the same positions.
#[derive(Debug, Clone)]
pub(crate) struct Planes {
    pub(crate) keys: Plane,
    pub(crate) values: Plane,
}

impl Planes {
    pub(crate) fn new(keys: &Array, values: &Array, format: PlaneFormat) -> Result<Self> {
        Ok(Self {
            keys: Plane::new(keys, format)?,
            values: Plane::new(values, format)?,
        })
    }

    pub(crate) fn positions(&self) -> i32 {
        self.keys.first_array().dim(POSITIONS)
    }

    /// A view of some positions.
    pub(crate) fn range(&self, positions: Range<i32>) -> Result<Self> {
        self.map(|array| array.try_index((.., .., positions.clone(), ..)))
    }

    /// One after the other, copied into one.
    pub(crate) fn join(&self, next: &Self) -> Result<Self> {
        self.zip(next, |array, next| concatenate(&[array, next], POSITIONS))
    }

    /// These positions behind the `earlier` ones, with `spare` positions of zeros behind, copied into
    /// one. The zeros are one number seen many times, and take nothing of their own.
    pub(crate) fn with_room(&self, earlier: Option<&Self>, spare: i32) -> Result<Self> {
        let joined = |earlier: Option<&Array>, array: &Array| {
            let [batch, heads, _, width] = [0, 1, 2, 3].map(|axis| array.dim(axis));
            let zero = Array::from_f32(0.0).as_dtype(array.dtype())?;
            let zeros = broadcast_to(&zero, &[batch, heads, spare, width])?;
            let parts: Vec<_> = earlier.into_iter().chain([array, &zeros]).collect();
            concatenate(&parts, POSITIONS)
        };
        match earlier {
            Some(earlier) => earlier.zip(self, |earlier, array| joined(Some(earlier), array)),
            None => self.map(|array| joined(None, array)),
        }
    }

    /// Overwrites positions from `start` on. In place when nothing else holds these arrays.
    pub(crate) fn write(&mut self, start: i32, new: &Self) -> Result<()> {
        let end = start + new.positions();
        for (array, new) in self.arrays_mut().zip(new.arrays()) {
            array.try_index_mut((.., .., start..end, ..), new)?;
        }
        Ok(())
    }

    /// The same in another format.
    pub(crate) fn converted(&self, format: PlaneFormat) -> Result<Self> {
        Self::new(
            &self.keys.expand(format.computed)?,
            &self.values.expand(format.computed)?,
            format,
        )
    }

    pub(crate) fn arrays(&self) -> impl Iterator<Item = &Array> {
        [&self.keys, &self.values]
            .into_iter()
            .flat_map(Plane::arrays)
    }

    pub(crate) fn arrays_mut(&mut self) -> impl Iterator<Item = &mut Array> {
        [&mut self.keys, &mut self.values]
            .into_iter()
            .flat_map(Plane::arrays_mut)
    }

    fn map(&self, operation: impl Fn(&Array) -> Result<Array>) -> Result<Self> {
        Ok(Self {
            keys: self.keys.map(&operation)?,
            values: self.values.map(&operation)?,
        })
    }

    fn zip(
        &self,
        other: &Self,
        operation: impl Fn(&Array, &Array) -> Result<Array>,
    ) -> Result<Self> {
        let mut others = other.arrays();
        // Both hold the same kind of planes, array for array: a cache keeps one precision.
        let mut joined = self.clone();
        for array in joined.arrays_mut() {
            if let Some(other) = others.next() {
                *array = operation(array, other)?;
            }
        }
        Ok(joined)
    }
}
