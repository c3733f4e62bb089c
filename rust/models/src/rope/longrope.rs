//! LongRoPE (Ding et al., 2024), as Phi-3.5 has it: a factor for each wavelength, one set for
//! sequences within the original context and one for longer ones, and queries and keys magnified.
//!
//! Reference: `_compute_longrope_parameters` of transformers 5.23. mlx-lm 0.32.2 takes the long
//! factors for short sequences too; transformers, and this, take each for its own. A sequence keeps
//! the set that it began with, since what a cache holds was rotated by it.

use std::ops::RangeInclusive;

use headroom_formats::{ConfigSection, FormatError};
use headroom_mlx::{Array, Result};

use super::config::{FACTOR, POSITIONS};
use super::{Position, RopeStretch, wavelengths};

/// What the configuration says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LongFactors {
    short: Vec<f64>,
    long: Vec<f64>,
    original_context: u32,
    magnitude: f64,
}

const CONTEXT: &str = "original_max_position_embeddings";
const MAGNITUDE: RangeInclusive<f64> = 1e-3..=1e3;

impl LongFactors {
    pub(super) fn from_section(
        section: &ConfigSection,
        config: &ConfigSection,
    ) -> std::result::Result<Self, FormatError> {
        let factors = |name| match section.optional_floats(name, FACTOR)? {
            Some(factors) => Ok(factors),
            None => Err(section.refused_value(name, "a list of numbers")),
        };
        let original_context = match section.optional_integer(CONTEXT, POSITIONS)? {
            Some(context) => context,
            None => config.optional_integer(CONTEXT, POSITIONS)?.unwrap_or(4096),
        };
        Ok(Self {
            short: factors("short_factor")?,
            long: factors("long_factor")?,
            magnitude: magnitude(section, config, original_context)?,
            original_context: original_context as u32,
        })
    }

    /// Refuses factors that are not one for each of the `dims / 2` pairs.
    pub(crate) fn require_pairs(
        &self,
        dims: usize,
        config: &ConfigSection,
    ) -> std::result::Result<(), FormatError> {
        for (name, factors) in [("short_factor", &self.short), ("long_factor", &self.long)] {
            if factors.len() != dims / 2 {
                let found = format!("a list of {}", factors.len());
                let allowed = format!("a list of {}, one for each rotated pair", dims / 2);
                return Err(config.refused(&format!("rope_scaling.{name}"), &found, &allowed));
            }
        }
        Ok(())
    }

    pub(super) fn stretch(&self) -> RopeStretch {
        RopeStretch::LongerThan(self.original_context)
    }

    /// Ready to rotate the first `dims` values of heads of `head_dim`.
    pub(super) fn tables(&self, theta: f64, dims: usize, head_dim: usize) -> LongRope {
        let table = |factors: &[f64]| {
            let pairs = wavelengths(theta, dims).zip(factors);
            let table: Vec<f32> = pairs
                .map(|(wavelength, factor)| (wavelength * factor) as f32)
                .collect();
            Array::from_slice(&table, &[table.len() as i32])
        };
        let magnitudes: Vec<f32> = (0..head_dim)
            .map(|place| match place < dims {
                true => self.magnitude as f32,
                false => 1.0,
            })
            .collect();
        LongRope {
            short: table(&self.short),
            long: table(&self.long),
            original_context: self.original_context as i32,
            magnitudes: Array::from_slice(&magnitudes, &[head_dim as i32]),
        }
    }
}

/// `attention_factor`, or what the paper gives for the context's growth.
fn magnitude(
    section: &ConfigSection,
    config: &ConfigSection,
    original_context: u64,
) -> std::result::Result<f64, FormatError> {
    if let Some(stated) = section.optional_float("attention_factor", MAGNITUDE)? {
        return Ok(stated);
    }
    let growth = match section.optional_float("factor", FACTOR)? {
        Some(factor) => factor,
        None => {
            let context = config.optional_integer("max_position_embeddings", POSITIONS)?;
            context.unwrap_or(131_072) as f64 / original_context as f64
        }
    };
    Ok(match growth > 1.0 && original_context > 1 {
        true => (1.0 + growth.ln() / (original_context as f64).ln()).sqrt(),
        false => 1.0,
    })
}

/// Both sets of wavelengths, ready to rotate with.
#[derive(Debug)]
pub(super) struct LongRope {
    short: Array,
    long: Array,
    original_context: i32,
    /// `(head_dim)`: the magnitude where values are rotated, else one.
    magnitudes: Array,
}

impl LongRope {
    /// The wavelengths for a sequence as long as it is expected to become.
    pub(super) fn table(&self, position: Position) -> &Array {
        match position.reach > self.original_context {
            true => &self.long,
            false => &self.short,
        }
    }

    pub(super) fn magnify(&self, x: &Array) -> Result<Array> {
        x.multiply(self.magnitudes.as_dtype(x.dtype())?)
    }
}
