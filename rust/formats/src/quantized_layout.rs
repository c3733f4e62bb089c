//! How a quantised layer's values are packed, and the tensors that this demands.

use std::fmt;

use crate::dtype::Dtype;
use crate::error::FormatError;
use crate::expected::ExpectedTensor;

/// Bits per weight that MLX's affine mode has.
pub const AFFINE_BITS: [u64; 6] = [2, 3, 4, 5, 6, 8];
/// Group sizes that MLX's affine mode has.
pub const AFFINE_GROUP_SIZES: [u64; 3] = [32, 64, 128];

/// One of the layouts that MLX has. No other can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QuantizedLayout {
    /// Whole numbers; each group of consecutive weights in a row shares a scale and a bias.
    Affine(AffineLayout),
    /// Small floating-point numbers; each group shares a scale of one byte.
    Floating(FloatingLayout),
}

/// Bits and group size of MLX's affine mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AffineLayout {
    bits: u8,
    group_size: u16,
}

/// MLX's floating modes, each of which has one width and one group size.
///
/// Sources: OCP Microscaling Formats v1.0 for the `mx` modes; MLX 0.32.2, `mlx.core.quantize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FloatingLayout {
    /// E2M1 values, an E8M0 scale for 32 of them.
    Mxfp4,
    /// E4M3 values, an E8M0 scale for 32 of them.
    Mxfp8,
    /// E2M1 values, an E4M3 scale for 16 of them.
    Nvfp4,
}

/// The tensors of a quantised layer: `{layer}.weight`, packed into 32-bit words
/// `(..., input * bits / 32)`, and what else its mode has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuantizedTensors {
    /// With a scale and a bias for each group.
    Affine {
        /// Their layout.
        layout: AffineLayout,
        /// Packed words.
        weight: ExpectedTensor,
        /// `{layer}.scales`, floats `(..., input / group_size)`.
        scales: ExpectedTensor,
        /// `{layer}.biases`, floats of the scales' shape.
        biases: ExpectedTensor,
    },
    /// With a scale for each group.
    Floating {
        /// Their layout.
        layout: FloatingLayout,
        /// Packed words.
        weight: ExpectedTensor,
        /// `{layer}.scales`, bytes `(..., input / group_size)`.
        scales: ExpectedTensor,
    },
}

impl AffineLayout {
    /// `None` when MLX's affine mode has no such bits or groups.
    pub const fn new(bits: u8, group_size: u16) -> Option<Self> {
        match (bits, group_size) {
            (2..=6 | 8, 32 | 64 | 128) => Some(Self { bits, group_size }),
            _ => None,
        }
    }

    /// Bits per weight: 2, 3, 4, 5, 6 or 8.
    pub const fn bits(self) -> u8 {
        self.bits
    }

    /// Weights per group: 32, 64 or 128.
    pub const fn group_size(self) -> u16 {
        self.group_size
    }
}

impl FloatingLayout {
    /// Every floating mode.
    pub const ALL: [Self; 3] = [Self::Mxfp4, Self::Mxfp8, Self::Nvfp4];

    /// What MLX calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mxfp4 => "mxfp4",
            Self::Mxfp8 => "mxfp8",
            Self::Nvfp4 => "nvfp4",
        }
    }

    /// Bits per weight: 4 or 8.
    pub const fn bits(self) -> u8 {
        match self {
            Self::Mxfp4 | Self::Nvfp4 => 4,
            Self::Mxfp8 => 8,
        }
    }

    /// Weights per group: 16 or 32.
    pub const fn group_size(self) -> u16 {
        match self {
            Self::Mxfp4 | Self::Mxfp8 => 32,
            Self::Nvfp4 => 16,
        }
    }
}

impl QuantizedLayout {
    /// An affine layout; `None` when MLX has no such bits or groups.
    pub const fn affine(bits: u8, group_size: u16) -> Option<Self> {
        match AffineLayout::new(bits, group_size) {
            Some(layout) => Some(Self::Affine(layout)),
            None => None,
        }
    }

    /// MLX's name for its mode.
    pub const fn mode(self) -> &'static str {
        match self {
            Self::Affine(_) => "affine",
            Self::Floating(layout) => layout.name(),
        }
    }

    /// Bits per weight, scales and biases not counted.
    pub const fn bits(self) -> u8 {
        match self {
            Self::Affine(layout) => layout.bits,
            Self::Floating(layout) => layout.bits(),
        }
    }

    /// Consecutive weights that share a scale.
    pub const fn group_size(self) -> u16 {
        match self {
            Self::Affine(layout) => layout.group_size,
            Self::Floating(layout) => layout.group_size(),
        }
    }

    /// Whether rows of that many inputs divide into its groups.
    pub fn divides(self, inputs: usize) -> bool {
        inputs.is_multiple_of(self.group_size().into())
    }

    /// The tensors of `layer`, whose weight has `shape` before packing: `(output, input)` for a linear
    /// layer, input last.
    ///
    /// # Errors
    /// When the input is not a multiple of the group size.
    pub fn expected_tensors(
        self,
        layer: &str,
        shape: &[usize],
    ) -> Result<QuantizedTensors, FormatError> {
        let last = shape
            .split_last()
            .filter(|(input, _)| self.divides(**input));
        let Some((&input, outer)) = last else {
            return Err(FormatError::QuantizedShape {
                layer: layer.to_owned(),
                shape: shape.to_vec(),
                group_size: self.group_size(),
            });
        };
        let groups = input / usize::from(self.group_size());
        // Exact: a group of every layout fills whole words.
        let words_per_group = usize::from(self.group_size()) * usize::from(self.bits()) / 32;
        let with_last = |last| [outer, &[last]].concat();
        let name = |part: &str| format!("{layer}.{part}");
        let weight = ExpectedTensor::packed(name("weight"), with_last(groups * words_per_group));
        let (scales, biases) = (name("scales"), name("biases"));
        Ok(match self {
            Self::Affine(layout) => QuantizedTensors::Affine {
                layout,
                weight,
                scales: ExpectedTensor::float(scales, with_last(groups)),
                biases: ExpectedTensor::float(biases, with_last(groups)),
            },
            Self::Floating(layout) => QuantizedTensors::Floating {
                layout,
                weight,
                scales: ExpectedTensor::bytes(scales, with_last(groups)),
            },
        })
    }

    /// What the columns of `weight` and `scales`, and the scales' type, tell of a layer with `inputs`
    /// inputs; `None` when they are those of no layout.
    pub(crate) fn from_columns(
        inputs: usize,
        words: usize,
        (groups, scales): (usize, Dtype),
    ) -> Option<Self> {
        let divided = |whole: usize, part: usize| {
            let quotient = whole.checked_div(part)?;
            (quotient * part == whole).then_some(quotient)
        };
        let bits = u8::try_from(divided(words.checked_mul(32)?, inputs)?).ok()?;
        let group_size = u16::try_from(divided(inputs, groups)?).ok()?;
        let floating = FloatingLayout::ALL.into_iter();
        match scales {
            Dtype::Uint8 => floating
                .filter(|layout| (layout.bits(), layout.group_size()) == (bits, group_size))
                .map(Self::Floating)
                .next(),
            _ => Self::affine(bits, group_size),
        }
    }
}

impl QuantizedTensors {
    /// Weight, scales and, where there are some, biases.
    pub fn into_vec(self) -> Vec<ExpectedTensor> {
        match self {
            Self::Affine {
                weight,
                scales,
                biases,
                ..
            } => vec![weight, scales, biases],
            Self::Floating { weight, scales, .. } => vec![weight, scales],
        }
    }
}

impl fmt::Display for QuantizedLayout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Affine(AffineLayout { bits, group_size }) => {
                write!(formatter, "{bits} bits in groups of {group_size}")
            }
            Self::Floating(layout) => formatter.write_str(layout.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_layout() -> Vec<QuantizedLayout> {
        let bits = AFFINE_BITS.map(|bits| bits as u8);
        let sizes = AFFINE_GROUP_SIZES.map(|size| size as u16);
        let pairs = bits.iter().flat_map(|&bits| sizes.map(|size| (bits, size)));
        let affine =
            pairs.map(|(bits, size)| QuantizedLayout::affine(bits, size).expect("allowed"));
        affine
            .chain(FloatingLayout::ALL.map(QuantizedLayout::Floating))
            .collect()
    }

    #[test]
    fn no_affine_layout_but_those_of_mlx_can_be_made() {
        for bits in 0..=16 {
            for group_size in [0, 16, 32, 64, 128, 256] {
                let listed = AFFINE_BITS.contains(&u64::from(bits))
                    && AFFINE_GROUP_SIZES.contains(&u64::from(group_size));
                assert_eq!(AffineLayout::new(bits, group_size).is_some(), listed);
            }
        }
    }

    #[test]
    fn columns_and_type_of_scales_tell_the_layout() {
        for layout in every_layout() {
            let tensors = layout.expected_tensors("l", &[5, 256]).expect("fits");
            let scales = match layout {
                QuantizedLayout::Affine(_) => Dtype::Float16,
                QuantizedLayout::Floating(_) => Dtype::Uint8,
            };
            let tensors = tensors.into_vec();
            let [words, groups] = [0, 1].map(|part: usize| tensors[part].shape[1]);
            let told = QuantizedLayout::from_columns(256, words, (groups, scales));
            assert_eq!(told, Some(layout));
        }
        for (inputs, words, groups) in [(256, 33, 4), (256, 32, 0), (0, 32, 4), (256, 32, 16)] {
            let scales = (groups, Dtype::Bfloat16);
            assert_eq!(QuantizedLayout::from_columns(inputs, words, scales), None);
        }
        let bytes = (4, Dtype::Uint8);
        assert_eq!(QuantizedLayout::from_columns(256, 32, bytes), None);
    }

    #[test]
    fn packed_shapes_follow_bits_and_groups() {
        for (bits, words) in [(2, 8), (3, 12), (4, 16), (5, 20), (6, 24), (8, 32)] {
            let layout = QuantizedLayout::affine(bits, 32).expect("allowed");
            let tensors = layout.expected_tensors("l", &[5, 128]).expect("fits");
            let expected = [
                ExpectedTensor::packed("l.weight", [5, words]),
                ExpectedTensor::float("l.scales", [5, 4]),
                ExpectedTensor::float("l.biases", [5, 4]),
            ];
            assert_eq!(tensors.into_vec(), expected);
        }
    }

    #[test]
    fn floating_modes_have_scales_of_a_byte_and_no_biases() {
        use FloatingLayout::{Mxfp4, Mxfp8, Nvfp4};
        for (layout, words, groups) in [(Mxfp4, 16, 4), (Mxfp8, 32, 4), (Nvfp4, 16, 8)] {
            let layout = QuantizedLayout::Floating(layout);
            let tensors = layout.expected_tensors("l", &[5, 128]).expect("fits");
            let expected = [
                ExpectedTensor::packed("l.weight", [5, words]),
                ExpectedTensor::bytes("l.scales", [5, groups]),
            ];
            assert_eq!(tensors.into_vec(), expected);
        }
    }

    #[test]
    fn an_input_that_does_not_divide_is_refused() {
        let layout = QuantizedLayout::affine(4, 64).expect("allowed");
        let error = layout
            .expected_tensors("l", &[5, 96])
            .expect_err("a refusal");
        assert_eq!(
            error.to_string(),
            "layer `l` with weight [5, 96] cannot be quantised in groups of 64: its last dimension must be a multiple of the group size"
        );
        assert!(layout.expected_tensors("l", &[]).is_err());
        let nvfp4 = QuantizedLayout::Floating(FloatingLayout::Nvfp4);
        assert!(nvfp4.expected_tensors("l", &[5, 40]).is_err());
    }
}
