//! MLX's quantisation modes, before bits and group size are chosen.

use std::str::FromStr;

use headroom_formats::{FloatingLayout, QuantizedLayout};

use crate::error::QuantizeError;

/// One of MLX's quantisation modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Whole numbers with scales and biases, of a width and a group size that are to be chosen.
    Affine,
    /// Small floating-point numbers, whose mode fixes both.
    Floating(FloatingLayout),
}

impl Mode {
    /// What MLX calls them.
    pub const NAMES: [&str; 4] = ["affine", "mxfp4", "mxfp8", "nvfp4"];

    /// The layout with these bits and groups: where they are `None`, 4 and 64, or those of the mode.
    ///
    /// # Errors
    /// When the mode has no such bits or groups.
    pub fn layout(
        self,
        bits: Option<u8>,
        group_size: Option<u16>,
    ) -> Result<QuantizedLayout, QuantizeError> {
        let layout = match self {
            Self::Affine => QuantizedLayout::affine(bits.unwrap_or(4), group_size.unwrap_or(64)),
            Self::Floating(layout) => {
                let is_its = bits.is_none_or(|bits| bits == layout.bits())
                    && group_size.is_none_or(|size| size == layout.group_size());
                is_its.then_some(QuantizedLayout::Floating(layout))
            }
        };
        layout.ok_or(QuantizeError::NoSuchLayout { mode: self })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Affine => "affine",
            Self::Floating(layout) => layout.name(),
        }
    }

    /// What it has, in words.
    pub(crate) fn layouts(self) -> String {
        match self {
            Self::Affine => "2, 3, 4, 5, 6 or 8 bits in groups of 32, 64 or 128".to_owned(),
            Self::Floating(layout) => format!(
                "{} bits in groups of {} only",
                layout.bits(),
                layout.group_size()
            ),
        }
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let modes = FloatingLayout::ALL.map(Self::Floating).into_iter();
        let mut modes = modes.chain([Self::Affine]);
        let found = modes.find(|mode| mode.name() == name);
        found.ok_or_else(|| format!("must be one of {}", Self::NAMES.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_and_gives_the_layout_of_its_mode() {
        for name in Mode::NAMES {
            let mode: Mode = name.parse().unwrap();
            assert_eq!(mode.layout(None, None).unwrap().mode(), name);
        }
        assert!("gguf".parse::<Mode>().is_err());
    }

    #[test]
    fn a_mode_refuses_bits_and_groups_that_it_does_not_have() {
        let nvfp4: Mode = "nvfp4".parse().unwrap();
        assert!(nvfp4.layout(Some(4), Some(16)).is_ok());
        let refused = nvfp4.layout(Some(8), None).unwrap_err().to_string();
        assert_eq!(
            refused,
            "mode nvfp4 has 4 bits in groups of 16 only; leave out --bits and --group-size or give these"
        );
        assert!(nvfp4.layout(None, Some(64)).is_err());
        assert!(Mode::Affine.layout(Some(4), Some(16)).is_err());
    }
}
