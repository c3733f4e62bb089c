//! The types that numbers may have which are not packed.

use std::str::FromStr;

use headroom_formats::Dtype;

/// A floating-point type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatDtype {
    /// Four bytes a number: what training writes.
    Float32,
    /// Two bytes, more of them for digits.
    Float16,
    /// Two bytes, with the range of four: what most models come in.
    Bfloat16,
}

impl FloatDtype {
    /// What they are called.
    pub const NAMES: [&str; 3] = ["float32", "float16", "bfloat16"];

    /// What this one is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Float16 => "float16",
            Self::Bfloat16 => "bfloat16",
        }
    }

    /// What stands in a file.
    pub fn stored(self) -> Dtype {
        match self {
            Self::Float32 => Dtype::Float32,
            Self::Float16 => Dtype::Float16,
            Self::Bfloat16 => Dtype::Bfloat16,
        }
    }

    pub(crate) fn computed(self) -> headroom_mlx::Dtype {
        match self {
            Self::Float32 => headroom_mlx::Dtype::Float32,
            Self::Float16 => headroom_mlx::Dtype::Float16,
            Self::Bfloat16 => headroom_mlx::Dtype::Bfloat16,
        }
    }
}

impl FromStr for FloatDtype {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let mut types = [Self::Float32, Self::Float16, Self::Bfloat16].into_iter();
        let found = types.find(|dtype| dtype.name() == name);
        found.ok_or_else(|| format!("must be one of {}", Self::NAMES.join(", ")))
    }
}
