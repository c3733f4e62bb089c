//! How exactly keys and values are kept.

use serde::{Deserialize, Serialize};

/// How exactly a cache keeps keys and values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CachePrecision {
    /// As they were computed.
    #[default]
    Full,
    /// As bfloat16: half of what a CPU computes in, nothing lost where the model computes in it.
    Bfloat16,
    /// Quantised the affine way: packed integers, a scale and a bias for each group.
    Quantized(CacheQuantization),
}

/// Width and grouping of quantised keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheQuantization {
    /// Bits per value: 2, 3, 4, 6 or 8.
    pub bits: i32,
    /// Consecutive values of a head that share a scale: 32, 64 or 128.
    pub group_size: i32,
}

impl CacheQuantization {
    /// The widths that MLX packs whole groups of.
    pub const BITS: [i32; 5] = [2, 3, 4, 6, 8];
    /// The groupings that MLX knows.
    pub const GROUP_SIZES: [i32; 3] = [32, 64, 128];
}
