//! The kinds of cache that are compared.

use serde::Serialize;
use serde_json::{Value, json};

use crate::bench::target::Target;

/// Values that share a scale.
const GROUP_SIZE: u32 = 64;
/// Tokens that a bounded cache keeps.
const MAX_SIZE: u32 = 1024;

/// Which tokens a cache keeps, and how exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// All, as the model computes them: float32 for Headroom on a CPU, bfloat16 for mlx-lm.
    Plain,
    Bfloat16,
    EightBits,
    FourBits,
    Rotating,
    RotatingFourBits,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [
        Self::Plain,
        Self::Bfloat16,
        Self::EightBits,
        Self::FourBits,
        Self::Rotating,
        Self::RotatingFourBits,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Bfloat16 => "bfloat16",
            Self::EightBits => "8 bits",
            Self::FourBits => "4 bits",
            Self::Rotating => "rotating 1,024",
            Self::RotatingFourBits => "rotating, 4 bits",
        }
    }

    /// mlx-lm's cache of the same kind; `None` where it has none.
    pub(crate) fn of_mlx_lm(self) -> Option<Self> {
        match self {
            // Its plain cache, for what mlx-lm computes in is bfloat16.
            Self::Plain | Self::Bfloat16 => Some(Self::Plain),
            Self::EightBits | Self::FourBits | Self::Rotating => Some(self),
            Self::RotatingFourBits => None,
        }
    }

    /// What Headroom's speed over mlx-lm's should be behind the longest context.
    pub(crate) fn target(self) -> Option<Target> {
        match self {
            Self::Plain => Some(Target::AtLeast(1.2)),
            Self::EightBits | Self::FourBits => Some(Target::AtLeast(1.5)),
            Self::Bfloat16 | Self::Rotating | Self::RotatingFourBits => None,
        }
    }

    /// How the measuring programs are asked for it.
    pub(crate) fn layout(self) -> Value {
        match self {
            Self::Rotating | Self::RotatingFourBits => {
                json!({ "rotating": { "max_size": MAX_SIZE } })
            }
            Self::Plain | Self::Bfloat16 | Self::EightBits | Self::FourBits => json!("simple"),
        }
    }

    /// How the measuring programs are asked for it.
    pub(crate) fn precision(self) -> Value {
        let quantized = |bits| json!({ "quantized": { "bits": bits, "group_size": GROUP_SIZE } });
        match self {
            Self::Plain | Self::Rotating => json!("full"),
            Self::Bfloat16 => json!("bfloat16"),
            Self::EightBits => quantized(8),
            Self::FourBits | Self::RotatingFourBits => quantized(4),
        }
    }
}
