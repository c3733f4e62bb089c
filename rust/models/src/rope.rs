//! Rotary position embedding (Su et al., 2021) and the ways these families stretch it over longer
//! contexts: `linear` (Chen et al., 2023) and `llama3` (Llama 3.1's wavelength bands).

use std::f64::consts::TAU;

use headroom_formats::{ConfigSection, FormatError};
use headroom_mlx::ops::fast;
use headroom_mlx::{Array, Result};

/// How positions become angles, as the configuration says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RopeConfig {
    /// Base of the geometric series of wavelengths.
    pub(crate) theta: f64,
    /// Rotate adjacent pairs instead of the two halves.
    pub(crate) traditional: bool,
    pub(crate) scaling: RopeScaling,
}

/// A way to stretch RoPE.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RopeScaling {
    Default,
    /// Positions divided by `factor`.
    Linear {
        factor: f64,
    },
    Llama3(Llama3Bands),
}

/// Llama 3.1: long wavelengths are stretched by `factor`, short ones kept, those between blended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Llama3Bands {
    factor: f64,
    low_frequency_factor: f64,
    high_frequency_factor: f64,
    original_context: f64,
}

impl RopeConfig {
    /// Reads `rope_theta`, `rope_traditional` and `rope_scaling`, or `rope_parameters`, which newer
    /// exporters write in their place.
    pub(crate) fn from_config(
        config: &ConfigSection,
        default_theta: Option<f64>,
    ) -> std::result::Result<Self, FormatError> {
        let parameters = config.section("rope_parameters")?;
        let theta = match (config.optional_float("rope_theta", THETA)?, &parameters) {
            (Some(theta), _) => Some(theta),
            (None, Some(parameters)) => parameters.optional_float("rope_theta", THETA)?,
            (None, None) => None,
        };
        let theta = match theta.or(default_theta) {
            Some(theta) => theta,
            None => config.float("rope_theta", THETA)?,
        };
        let scaling = match config.section("rope_scaling")?.or(parameters) {
            Some(section) => RopeScaling::from_section(&section)?,
            None => RopeScaling::Default,
        };
        let traditional = config
            .optional_boolean("rope_traditional")?
            .unwrap_or(false);
        Ok(Self {
            theta,
            traditional,
            scaling,
        })
    }
}

const THETA: std::ops::RangeInclusive<f64> = 1.0..=1e12;
const FACTOR: std::ops::RangeInclusive<f64> = 1e-3..=1e6;

impl RopeScaling {
    fn from_section(section: &ConfigSection) -> std::result::Result<Self, FormatError> {
        let (field, kind) = match section.optional_string("type")? {
            Some(kind) => ("type", kind),
            None => (
                "rope_type",
                section.optional_string("rope_type")?.unwrap_or("default"),
            ),
        };
        match kind {
            "default" => Ok(Self::Default),
            "linear" => Ok(Self::Linear {
                factor: section.float("factor", FACTOR)?,
            }),
            "llama3" => Llama3Bands::from_section(section).map(Self::Llama3),
            other => {
                Err(section.refused(field, &format!("`{other}`"), "default, linear or llama3"))
            }
        }
    }
}

impl Llama3Bands {
    fn from_section(section: &ConfigSection) -> std::result::Result<Self, FormatError> {
        let original = section.optional_integer("original_max_position_embeddings", 1..=1 << 30)?;
        let bands = Self {
            factor: section.float("factor", FACTOR)?,
            low_frequency_factor: section
                .optional_float("low_freq_factor", FACTOR)?
                .unwrap_or(1.0),
            high_frequency_factor: section
                .optional_float("high_freq_factor", FACTOR)?
                .unwrap_or(4.0),
            original_context: original.unwrap_or(8192) as f64,
        };
        if bands.high_frequency_factor <= bands.low_frequency_factor {
            return Err(section.refused_value("high_freq_factor", "a number above low_freq_factor"));
        }
        Ok(bands)
    }

    /// Stretches one wavelength-over-2π.
    fn stretch(&self, inverse_frequency: f64) -> f64 {
        let turns = self.original_context / (TAU * inverse_frequency);
        if turns < self.low_frequency_factor {
            return inverse_frequency * self.factor;
        }
        if turns > self.high_frequency_factor {
            return inverse_frequency;
        }
        let band = self.high_frequency_factor - self.low_frequency_factor;
        let smooth = (turns - self.low_frequency_factor) / band;
        inverse_frequency / ((1.0 - smooth) / self.factor + smooth)
    }
}

/// RoPE for heads of one width.
#[derive(Debug)]
pub(crate) struct Rope {
    head_dim: i32,
    traditional: bool,
    angles: Angles,
}

#[derive(Debug)]
enum Angles {
    /// MLX computes the frequencies; positions are multiplied by `scale`.
    Geometric { theta: f32, scale: f32 },
    /// Wavelength over 2π for each pair, `(head_dim / 2)`.
    Table(Array),
}

impl Rope {
    pub(crate) fn new(config: &RopeConfig, head_dim: usize) -> Self {
        let theta = config.theta as f32;
        let angles = match &config.scaling {
            RopeScaling::Default => Angles::Geometric { theta, scale: 1.0 },
            RopeScaling::Linear { factor } => Angles::Geometric {
                theta,
                scale: (1.0 / factor) as f32,
            },
            RopeScaling::Llama3(bands) => Angles::Table(band_table(bands, config.theta, head_dim)),
        };
        Self {
            head_dim: head_dim as i32,
            traditional: config.traditional,
            angles,
        }
    }

    /// Rotates `(1, heads, tokens, head_dim)` whose first token stands at position `offset`.
    pub(crate) fn forward(&self, x: &Array, offset: i32) -> Result<Array> {
        match &self.angles {
            Angles::Geometric { theta, scale } => fast::rope(
                x,
                self.head_dim,
                self.traditional,
                *theta,
                *scale,
                offset,
                None,
            ),
            Angles::Table(table) => {
                fast::rope(x, self.head_dim, self.traditional, None, 1.0, offset, table)
            }
        }
    }
}

fn band_table(bands: &Llama3Bands, theta: f64, head_dim: usize) -> Array {
    let pairs = head_dim / 2;
    let table: Vec<f32> = (0..pairs)
        .map(|pair| theta.powf(2.0 * pair as f64 / head_dim as f64))
        .map(|inverse_frequency| bands.stretch(inverse_frequency) as f32)
        .collect();
    Array::from_slice(&table, &[pairs as i32])
}

#[cfg(test)]
mod tests {
    use super::*;

    const LLAMA_3_1: Llama3Bands = Llama3Bands {
        factor: 8.0,
        low_frequency_factor: 1.0,
        high_frequency_factor: 4.0,
        original_context: 8192.0,
    };

    #[test]
    fn llama3_keeps_short_wavelengths_and_stretches_long_ones() {
        assert_eq!(LLAMA_3_1.stretch(1.0), 1.0);
        assert_eq!(LLAMA_3_1.stretch(5e5), 4e6);
    }

    #[test]
    fn llama3_blends_between_the_bands_without_a_jump() {
        let edge = 8192.0 / TAU;
        assert!((LLAMA_3_1.stretch(edge * 0.999_999) / (8.0 * edge) - 1.0).abs() < 1e-4);
        assert!((LLAMA_3_1.stretch(edge / 4.0 * 1.000_001) / (edge / 4.0) - 1.0).abs() < 1e-4);
    }
}
