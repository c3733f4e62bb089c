//! Llama 3.1's RoPE: long wavelengths are stretched, short ones kept, those between blended.

use std::f64::consts::TAU;

use headroom_formats::{ConfigSection, FormatError};
use headroom_mlx::Array;

use super::config::{FACTOR, POSITIONS};
use super::wavelengths;

/// Where the bands begin and how far the long waves are stretched.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Llama3Bands {
    factor: f64,
    low_frequency_factor: f64,
    high_frequency_factor: f64,
    original_context: f64,
}

impl Llama3Bands {
    pub(super) fn from_section(section: &ConfigSection) -> Result<Self, FormatError> {
        let original = section.optional_integer("original_max_position_embeddings", POSITIONS)?;
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

    /// Wavelength over 2π for each pair.
    pub(super) fn table(&self, theta: f64, dims: usize) -> Array {
        let table: Vec<f32> = wavelengths(theta, dims)
            .map(|wavelength| self.stretch(wavelength) as f32)
            .collect();
        Array::from_slice(&table, &[table.len() as i32])
    }

    /// Stretches one wavelength-over-2π.
    fn stretch(&self, wavelength: f64) -> f64 {
        let turns = self.original_context / (TAU * wavelength);
        if turns < self.low_frequency_factor {
            return wavelength * self.factor;
        }
        if turns > self.high_frequency_factor {
            return wavelength;
        }
        let band = self.high_frequency_factor - self.low_frequency_factor;
        let smooth = (turns - self.low_frequency_factor) / band;
        wavelength / ((1.0 - smooth) / self.factor + smooth)
    }
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
