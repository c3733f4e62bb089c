//! The element types that are let through.

use std::fmt;

/// Element type of a tensor.
///
/// Left out on purpose: `BOOL`, whose bytes may hold values other than 0 and 1, `F64` and `C64`,
/// which no accelerator here computes with, and the 4-, 6- and 8-bit floats: MLX stores
/// those of its quantisation modes in `U32` words, and their scales in `U8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dtype {
    /// IEEE 754 single precision.
    Float32,
    /// IEEE 754 half precision.
    Float16,
    /// The upper half of a single-precision number.
    Bfloat16,
    /// Unsigned, 64 bits.
    Uint64,
    /// Unsigned, 32 bits; also the carrier of packed quantised weights.
    Uint32,
    /// Unsigned, 16 bits.
    Uint16,
    /// Unsigned, 8 bits.
    Uint8,
    /// Signed, 64 bits.
    Int64,
    /// Signed, 32 bits.
    Int32,
    /// Signed, 16 bits.
    Int16,
    /// Signed, 8 bits.
    Int8,
}

impl Dtype {
    /// Every accepted type.
    pub const ALL: [Self; 11] = [
        Self::Float32,
        Self::Float16,
        Self::Bfloat16,
        Self::Uint64,
        Self::Uint32,
        Self::Uint16,
        Self::Uint8,
        Self::Int64,
        Self::Int32,
        Self::Int16,
        Self::Int8,
    ];

    /// Bytes that one element takes.
    pub const fn size_bytes(self) -> u64 {
        match self {
            Self::Uint64 | Self::Int64 => 8,
            Self::Float32 | Self::Uint32 | Self::Int32 => 4,
            Self::Float16 | Self::Bfloat16 | Self::Uint16 | Self::Int16 => 2,
            Self::Uint8 | Self::Int8 => 1,
        }
    }

    /// The name that safetensors headers use, such as `BF16`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Float32 => "F32",
            Self::Float16 => "F16",
            Self::Bfloat16 => "BF16",
            Self::Uint64 => "U64",
            Self::Uint32 => "U32",
            Self::Uint16 => "U16",
            Self::Uint8 => "U8",
            Self::Int64 => "I64",
            Self::Int32 => "I32",
            Self::Int16 => "I16",
            Self::Int8 => "I8",
        }
    }

    /// The type with this safetensors name, if it is one that is accepted.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dtype| dtype.name() == name)
    }

    /// Whether this is one of the three floating-point types that weights come in.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::Float32 | Self::Float16 | Self::Bfloat16)
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_sizes_agree_with_the_reference_crate() {
        for dtype in Dtype::ALL {
            let reference: safetensors::Dtype =
                serde_json::from_str(&format!("\"{}\"", dtype.name())).expect("a reference dtype");
            assert_eq!(reference.bitsize() as u64, dtype.size_bytes() * 8);
            assert_eq!(Dtype::from_name(dtype.name()), Some(dtype));
        }
    }

    #[test]
    fn other_types_are_not_accepted() {
        for name in ["BOOL", "F64", "C64", "F8_E4M3", "F4", "f32", ""] {
            assert_eq!(Dtype::from_name(name), None, "{name}");
        }
    }
}
