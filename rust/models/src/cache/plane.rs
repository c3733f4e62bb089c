//! Keys or values as they lie in memory: dense, or packed integers with a scale and a bias for each
//! group.

use headroom_mlx::ops::{clip, dequantize, quantize};
use headroom_mlx::{Array, Dtype, Result};

use super::precision::{CachePrecision, CacheQuantization};

/// Keys or values.
#[derive(Debug, Clone)]
pub(crate) enum Plane {
    Dense(Array),
    Quantized(QuantizedPlane),
}

/// Packed values, uint32 `(.., width * bits / 32)`; scales and biases, in 16 bits,
/// `(.., width / group_size)`.
#[derive(Debug, Clone)]
pub(crate) struct QuantizedPlane {
    pub(crate) weight: Array,
    pub(crate) scales: Array,
    pub(crate) biases: Array,
    pub(crate) quantization: CacheQuantization,
}

/// How exactly planes are kept whose numbers are computed in `computed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlaneFormat {
    pub(crate) precision: CachePrecision,
    pub(crate) computed: Dtype,
}

impl PlaneFormat {
    /// What dense planes are kept in.
    pub(crate) fn dense(self) -> Dtype {
        match self.precision {
            CachePrecision::Bfloat16 => Dtype::Bfloat16,
            CachePrecision::Full | CachePrecision::Quantized(_) => self.computed,
        }
    }

    /// What scales and biases are kept in: 16 bits, and of those float16 where there is a choice, for
    /// it tells eight times as finely as bfloat16.
    pub(crate) fn scales(self) -> Dtype {
        match self.computed {
            Dtype::Bfloat16 => Dtype::Bfloat16,
            _ => Dtype::Float16,
        }
    }
}

/// The largest number of float16.
const FLOAT16_MAX: f32 = 65_504.0;

/// An array of a plane that comes from a file, as it must be.
pub(crate) struct ExpectedArray {
    /// What it is called behind the plane's own name.
    pub(crate) suffix: &'static str,
    pub(crate) dtype: Dtype,
    pub(crate) width: i32,
}

impl Plane {
    /// What its arrays are called behind its own name.
    pub(crate) const SUFFIXES: [&str; 3] = ["", ".scales", ".biases"];

    pub(crate) fn new(array: &Array, format: PlaneFormat) -> Result<Self> {
        match format.precision {
            CachePrecision::Full | CachePrecision::Bfloat16 => {
                Ok(Self::Dense(array.as_dtype(format.dense())?))
            }
            CachePrecision::Quantized(quantization) => {
                QuantizedPlane::new(array, quantization, format).map(Self::Quantized)
            }
        }
    }

    /// A plane of heads of `head_dim`, which the group size divides, from the arrays that `array` gives.
    pub(crate) fn from_arrays<E>(
        format: PlaneFormat,
        head_dim: i32,
        mut array: impl FnMut(ExpectedArray) -> std::result::Result<Array, E>,
    ) -> std::result::Result<Self, E> {
        let [values, scales, biases] = Self::SUFFIXES;
        let mut expect = |suffix, dtype, width| {
            array(ExpectedArray {
                suffix,
                dtype,
                width,
            })
        };
        let CachePrecision::Quantized(quantization) = format.precision else {
            return expect(values, format.dense(), head_dim).map(Self::Dense);
        };
        let CacheQuantization { bits, group_size } = quantization;
        let groups = head_dim / group_size;
        Ok(Self::Quantized(QuantizedPlane {
            weight: expect(values, Dtype::Uint32, groups * (group_size / 32 * bits))?,
            scales: expect(scales, format.scales(), groups)?,
            biases: expect(biases, format.scales(), groups)?,
            quantization,
        }))
    }

    /// The values themselves.
    pub(crate) fn expand(&self, dtype: Dtype) -> Result<Array> {
        match self {
            Self::Dense(array) => array.as_dtype(dtype),
            Self::Quantized(plane) => plane.expand(dtype),
        }
    }

    /// The array whose shape tells heads and positions.
    pub(crate) fn first_array(&self) -> &Array {
        match self {
            Self::Dense(array) => array,
            Self::Quantized(plane) => &plane.weight,
        }
    }

    /// Every array of it: the values, or packed values, scales and biases.
    pub(crate) fn arrays(&self) -> impl Iterator<Item = &Array> {
        match self {
            Self::Dense(array) => vec![array],
            Self::Quantized(plane) => vec![&plane.weight, &plane.scales, &plane.biases],
        }
        .into_iter()
    }

    pub(crate) fn arrays_mut(&mut self) -> impl Iterator<Item = &mut Array> {
        match self {
            Self::Dense(array) => vec![array],
            Self::Quantized(plane) => {
                vec![&mut plane.weight, &mut plane.scales, &mut plane.biases]
            }
        }
        .into_iter()
    }

    pub(crate) fn map(&self, operation: impl Fn(&Array) -> Result<Array>) -> Result<Self> {
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

impl QuantizedPlane {
    /// Packs in what was computed, so that the integers are those of the reference, and keeps scales
    /// and biases in 16 bits after.
    fn new(array: &Array, quantization: CacheQuantization, format: PlaneFormat) -> Result<Self> {
        let CacheQuantization { bits, group_size } = quantization;
        let array = array.as_dtype(format.computed)?;
        let (weight, scales, biases) = quantize(&array, group_size, bits)?;
        Ok(Self {
            weight,
            scales: narrowed(&scales, format.scales())?,
            biases: narrowed(&biases, format.scales())?,
            quantization,
        })
    }

    /// Widened scales first: products in 16 bits would lose more than the packing did.
    fn expand(&self, dtype: Dtype) -> Result<Array> {
        dequantize(
            &self.weight,
            &self.scales.as_dtype(dtype)?,
            &self.biases.as_dtype(dtype)?,
            self.quantization.group_size,
            self.quantization.bits,
        )
    }
}

/// The nearest that `dtype` can tell, never infinity.
fn narrowed(array: &Array, dtype: Dtype) -> Result<Array> {
    let is_narrower = array.dtype() == Dtype::Float32 && dtype == Dtype::Float16;
    match is_narrower {
        true => clip(array, (-FLOAT16_MAX, FLOAT16_MAX))?.as_dtype(dtype),
        false => array.as_dtype(dtype),
    }
}
