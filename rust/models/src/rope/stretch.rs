//! RoPE whose angles depend on how long a sequence becomes. What a cache keeps was rotated already, so
//! a sequence needs one answer from its first token to its last.

use headroom_formats::{ConfigSection, FormatError};

use super::Position;
use super::config::{FACTOR, POSITIONS};

/// How a model's angles depend on the length of the sequence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RopeStretch {
    /// Not at all.
    #[default]
    Same,
    /// Sequences of more tokens than this are rotated in another way (longrope).
    LongerThan(u32),
    /// Each length beyond this has angles of its own (dynamic).
    WithLength(u32),
}

impl RopeStretch {
    /// What of a sequence's length decides its angles: equal where they are equal.
    pub fn reach(self, tokens: u32) -> u32 {
        match self {
            Self::Same => 0,
            Self::LongerThan(context) if tokens > context => context.saturating_add(1),
            Self::LongerThan(context) => context,
            Self::WithLength(context) => tokens.max(context),
        }
    }
}

/// Dynamic NTK scaling, as the configuration says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DynamicGrowth {
    factor: f64,
    context: u32,
}

impl DynamicGrowth {
    pub(super) fn from_section(
        section: &ConfigSection,
        config: &ConfigSection,
    ) -> Result<Self, FormatError> {
        Ok(Self {
            factor: section.float("factor", FACTOR)?,
            context: config.integer("max_position_embeddings", POSITIONS)? as u32,
        })
    }

    pub(super) fn stretch(&self) -> RopeStretch {
        RopeStretch::WithLength(self.context)
    }

    pub(super) fn base(&self, theta: f64, dims: usize) -> DynamicBase {
        DynamicBase {
            growth: self.clone(),
            theta,
            dims,
        }
    }
}

/// A base that is the configured one up to the context's end and grows from there.
///
/// Reference: `DynamicNTKScalingRoPE` of mlx-lm 0.32.2, which takes the length so far; this takes the
/// length that the sequence is expected to reach, so that results do not depend on how it is cut.
#[derive(Debug)]
pub(super) struct DynamicBase {
    growth: DynamicGrowth,
    theta: f64,
    dims: usize,
}

impl DynamicBase {
    pub(super) fn at(&self, position: Position) -> f32 {
        let context = f64::from(self.growth.context);
        let length = f64::from(position.reach).max(context);
        let growth = self.growth.factor * length / context - (self.growth.factor - 1.0);
        let dims = self.dims as f64;
        (self.theta * growth.powf(dims / (dims - 2.0).max(1.0))) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reach_tells_apart_only_what_is_rotated_apart() {
        assert_eq!(
            RopeStretch::Same.reach(5),
            RopeStretch::Same.reach(1_000_000)
        );
        let switched = RopeStretch::LongerThan(4096);
        assert_eq!(switched.reach(1), switched.reach(4096));
        assert_eq!(switched.reach(4097), switched.reach(100_000));
        assert_ne!(switched.reach(4096), switched.reach(4097));
        let grown = RopeStretch::WithLength(2048);
        assert_eq!(grown.reach(1), grown.reach(2048));
        assert_ne!(grown.reach(3000), grown.reach(3001));
    }
}
