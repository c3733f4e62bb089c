//! How many heads attention has, and how wide they are.

use std::ops::RangeInclusive;

use headroom_formats::{ConfigSection, FormatError};

use crate::model::LayerShape;

/// The heads of one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heads {
    /// Heads of queries.
    pub(crate) query: usize,
    /// Heads of keys and values, each shared by as many query heads.
    pub(crate) key_value: usize,
    /// Width of a head.
    pub(crate) dim: usize,
}

/// Heads that a layer may have.
pub(crate) const HEADS: RangeInclusive<u64> = 1..=1 << 10;
/// Widths that a head may have.
pub(crate) const HEAD_DIM: RangeInclusive<u64> = 2..=1 << 11;

impl Heads {
    /// Refuses heads that cannot share keys or rotate in pairs; `fields` name where the numbers of
    /// key-value heads and their width come from.
    pub(crate) fn checked(
        self,
        config: &ConfigSection,
        fields: (&str, &str),
    ) -> Result<Self, FormatError> {
        if !self.query.is_multiple_of(self.key_value) {
            let found = self.key_value.to_string();
            let allowed = format!("a divisor of the {} query heads", self.query);
            return Err(config.refused(fields.0, &found, &allowed));
        }
        if self.dim < 2 || !self.dim.is_multiple_of(2) {
            let found = self.dim.to_string();
            return Err(config.refused(fields.1, &found, "an even number of at least 2"));
        }
        Ok(self)
    }

    /// Width of all queries of a token.
    pub(crate) fn query_width(self) -> usize {
        self.query * self.dim
    }

    /// Width of all keys, or all values, of a token.
    pub(crate) fn key_width(self) -> usize {
        self.key_value * self.dim
    }

    /// `1 / sqrt(dim)`, by which most families scale their scores.
    pub(crate) fn usual_scale(self) -> f32 {
        (self.dim as f32).powf(-0.5)
    }

    /// What a layer of these keeps of each token, of the last `window` ones where it sees no more.
    pub(crate) fn layer_shape(self, window: Option<u32>) -> LayerShape {
        LayerShape {
            key_value_heads: self.key_value as u32,
            head_dim: self.dim as u32,
            window,
        }
    }
}
