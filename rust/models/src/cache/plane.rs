//! Keys or values as they lie in memory: dense, or packed integers with a scale and a bias for each
//! group.

use std::ops::Range;

use headroom_mlx::ops::indexing::TryIndexOp;
use headroom_mlx::ops::{clip, dequantize, quantize, round, select};
use headroom_mlx::{Array, Dtype, Processor, Result, after};

use super::precision::{CachePrecision, CacheQuantization};

/// Keys or values.
#[derive(Debug, Clone)]
pub(crate) enum Plane {
    Dense(Array),
    Quantized(QuantizedPlane),
}

/// Packed values, uint32 `(.., width * bits / 32)`; scales and biases `(.., width / group_size)`.
///
/// Biases are whole multiples of their scales by the way MLX chooses them. Where scales are float32
/// the biases are kept as these multiples, int16, which loses nothing and takes half.
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

    /// What scales are kept in.
    pub(crate) fn scales(self) -> Dtype {
        self.computed
    }

    /// What biases are kept in.
    pub(crate) fn biases(self) -> Dtype {
        match self.computed {
            Dtype::Float32 => Dtype::Int16,
            sixteen_bits => sixteen_bits,
        }
    }
}

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
            biases: expect(biases, format.biases(), groups)?,
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

    /// The values at some positions, not before `earlier` is done: MLX would expand all of them first.
    pub(crate) fn expand_after(
        &self,
        positions: &Range<i32>,
        earlier: &Array,
        dtype: Dtype,
    ) -> Result<Array> {
        let mut block = self.map(|array| array.try_index((.., .., positions.clone(), ..)))?;
        for array in block.arrays_mut() {
            *array = after(array, earlier)?;
        }
        block.expand(dtype)
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
    fn new(array: &Array, quantization: CacheQuantization, format: PlaneFormat) -> Result<Self> {
        let CacheQuantization { bits, group_size } = quantization;
        let array = array.as_dtype(format.computed)?;
        let (weight, mut scales, mut biases) = quantize(&array, group_size, bits)?;
        if format.biases() == Dtype::Int16 {
            (scales, biases) = in_multiples(&scales, &biases)?;
        }
        Ok(Self {
            weight,
            scales,
            biases,
            quantization,
        })
    }

    fn expand(&self, dtype: Dtype) -> Result<Array> {
        let (scales, biases) = self.scales_and_biases(dtype)?;
        let CacheQuantization { bits, group_size } = self.quantization;
        if self.is_bytes() && Processor::current() == Processor::Cpu {
            return self.expand_bytes(&scales, &biases);
        }
        dequantize(&self.weight, &scales, &biases, group_size, bits)
    }

    /// Whether each packed value is a byte.
    pub(crate) fn is_bytes(&self) -> bool {
        self.quantization.bits == 8
    }

    /// The same sums over whole arrays, which a CPU does in half the time.
    fn expand_bytes(&self, scales: &Array, biases: &Array) -> Result<Array> {
        let [heads, positions, groups] = [1, 2, 3].map(|axis| scales.dim(axis));
        let group_size = self.quantization.group_size;
        self.weight
            .view_dtype(Dtype::Uint8)?
            .as_dtype(scales.dtype())?
            .reshape(&[1, heads, positions, groups, group_size])?
            .multiply(scales.expand_dims(-1)?)?
            .add(biases.expand_dims(-1)?)?
            .reshape(&[1, heads, positions, groups * group_size])
    }

    /// Scales and biases in `dtype`, as MLX's operations take them.
    pub(crate) fn scales_and_biases(&self, dtype: Dtype) -> Result<(Array, Array)> {
        let scales = self.scales.as_dtype(dtype)?;
        let biases = self.biases.as_dtype(dtype)?;
        match self.biases.dtype() {
            Dtype::Int16 => Ok((scales.clone(), biases.multiply(&scales)?)),
            _ => Ok((scales, biases)),
        }
    }
}

/// Scales, and biases as int16 multiples of them. A multiple is larger only where a group's values
/// differ by less than a hundredth of their size; there the scale is widened, which moves no value by
/// more than a hundredth.
fn in_multiples(scales: &Array, biases: &Array) -> Result<(Array, Array)> {
    let most = f32::from(i16::MAX);
    let multiples = clip(round(&biases.divide(scales)?, None)?, (-most, most))?;
    let is_none = multiples.eq(Array::from_f32(0.0))?;
    let scales = select(&is_none, scales, &biases.divide(&multiples)?)?;
    Ok((scales, multiples.as_dtype(Dtype::Int16)?))
}
