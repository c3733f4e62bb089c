//! Keys and values as they lie in memory, dense or quantised, with the operations that a cache needs
//! along their positions. Every array is `(1, key_value_heads, positions, width)`.

use std::ops::Range;

use headroom_mlx::ops::indexing::{TryIndexMutOp, TryIndexOp};
use headroom_mlx::ops::{broadcast_to, concatenate, dequantize, quantize};
use headroom_mlx::{Array, Dtype, Result};

use super::precision::{CachePrecision, CacheQuantization};

/// The axis of positions.
const POSITIONS: i32 = 2;

/// The keys and the values of the same positions.
#[derive(Debug, Clone)]
pub(crate) struct Planes {
    pub(crate) keys: Plane,
    pub(crate) values: Plane,
}

/// Keys or values.
#[derive(Debug, Clone)]
pub(crate) enum Plane {
    Dense(Array),
    Quantized(QuantizedPlane),
}

/// Packed values, uint32 `(.., width * bits / 32)`; scales and biases `(.., width / group_size)`.
#[derive(Debug, Clone)]
pub(crate) struct QuantizedPlane {
    pub(crate) weight: Array,
    pub(crate) scales: Array,
    pub(crate) biases: Array,
    pub(crate) quantization: CacheQuantization,
}

impl Planes {
    pub(crate) fn new(keys: &Array, values: &Array, precision: CachePrecision) -> Result<Self> {
        Ok(Self {
            keys: Plane::new(keys, precision)?,
            values: Plane::new(values, precision)?,
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

    /// The same in another precision, for keys and values that are computed in `computed`.
    pub(crate) fn in_precision(&self, precision: CachePrecision, computed: Dtype) -> Result<Self> {
        Self::new(
            &self.keys.expand(computed)?,
            &self.values.expand(computed)?,
            precision,
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

impl Plane {
    fn new(array: &Array, precision: CachePrecision) -> Result<Self> {
        match precision {
            CachePrecision::Full => Ok(Self::Dense(array.clone())),
            CachePrecision::Bfloat16 => Ok(Self::Dense(array.as_dtype(Dtype::Bfloat16)?)),
            CachePrecision::Quantized(quantization) => {
                let CacheQuantization { bits, group_size } = quantization;
                let (weight, scales, biases) = quantize(array, group_size, bits)?;
                Ok(Self::Quantized(QuantizedPlane {
                    weight,
                    scales,
                    biases,
                    quantization,
                }))
            }
        }
    }

    /// The values themselves.
    pub(crate) fn expand(&self, dtype: Dtype) -> Result<Array> {
        match self {
            Self::Dense(array) => array.as_dtype(dtype),
            Self::Quantized(plane) => dequantize(
                &plane.weight,
                &plane.scales,
                &plane.biases,
                plane.quantization.group_size,
                plane.quantization.bits,
            )?
            .as_dtype(dtype),
        }
    }

    fn first_array(&self) -> &Array {
        match self {
            Self::Dense(array) => array,
            Self::Quantized(plane) => &plane.weight,
        }
    }

    fn arrays(&self) -> impl Iterator<Item = &Array> {
        match self {
            Self::Dense(array) => vec![array],
            Self::Quantized(plane) => vec![&plane.weight, &plane.scales, &plane.biases],
        }
        .into_iter()
    }

    fn arrays_mut(&mut self) -> impl Iterator<Item = &mut Array> {
        match self {
            Self::Dense(array) => vec![array],
            Self::Quantized(plane) => {
                vec![&mut plane.weight, &mut plane.scales, &mut plane.biases]
            }
        }
        .into_iter()
    }

    fn map(&self, operation: impl Fn(&Array) -> Result<Array>) -> Result<Self> {
        Ok(match self {
            Self::Dense(array) => Self::Dense(operation(array)?),
            Self::Quantized(plane) => Self::Quantized(QuantizedPlane {
                weight: operation(&plane.weight)?,
                scales: operation(&plane.scales)?,
                biases: operation(&plane.biases)?,
                quantization: plane.quantization,
            }),
        })
    }
}
