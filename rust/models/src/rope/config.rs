//! What a configuration says of RoPE, in the spellings that exporters have had for it.

use std::ops::RangeInclusive;

use headroom_formats::{ConfigSection, FormatError};

use super::llama3::Llama3Bands;
use super::longrope::LongFactors;
use super::stretch::{DynamicGrowth, RopeStretch};

/// How positions become angles, as the configuration says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RopeConfig {
    /// Base of the geometric series of wavelengths.
    pub(crate) theta: f64,
    /// Rotate adjacent pairs instead of the two halves.
    pub(crate) traditional: bool,
    /// The share of each head that is rotated, its first values.
    pub(crate) partial: f64,
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
    /// A base that grows with the sequence.
    Dynamic(DynamicGrowth),
    Llama3(Llama3Bands),
    LongRope(LongFactors),
}

const THETA: RangeInclusive<f64> = 1.0..=1e12;
pub(super) const FACTOR: RangeInclusive<f64> = 1e-3..=1e6;
/// Positions that a configuration may speak of.
pub(super) const POSITIONS: RangeInclusive<u64> = 1..=1 << 30;

impl RopeConfig {
    /// RoPE without any stretching.
    pub(crate) fn plain(theta: f64) -> Self {
        Self {
            theta,
            traditional: false,
            partial: 1.0,
            scaling: RopeScaling::Default,
        }
    }

    /// Reads `rope_theta`, `rope_traditional`, `partial_rotary_factor` and `rope_scaling`, or
    /// `rope_parameters`, which newer exporters write in their place.
    pub(crate) fn from_config(
        config: &ConfigSection,
        default_theta: Option<f64>,
    ) -> Result<Self, FormatError> {
        let parameters = config.section("rope_parameters")?;
        let stated = |name, range: RangeInclusive<f64>| match (&parameters, config.value(name)) {
            (Some(parameters), None) => parameters.optional_float(name, range),
            _ => config.optional_float(name, range),
        };
        let theta = match stated("rope_theta", THETA)?.or(default_theta) {
            Some(theta) => theta,
            None => config.float("rope_theta", THETA)?,
        };
        let partial = stated("partial_rotary_factor", 0.01..=1.0)?.unwrap_or(1.0);
        let scaling = match config.section("rope_scaling")?.or(parameters) {
            Some(section) => RopeScaling::from_section(&section, config)?,
            None => RopeScaling::Default,
        };
        Ok(Self {
            theta,
            traditional: config
                .optional_boolean("rope_traditional")?
                .unwrap_or(false),
            partial,
            scaling,
        })
    }

    /// RoPE of one kind of layer, where kinds differ: its section of `rope_parameters`, as
    /// transformers 5 writes it, or else `older`.
    pub(crate) fn of_layer_kind(
        config: &ConfigSection,
        kind: &str,
        older: impl FnOnce() -> Result<Self, FormatError>,
    ) -> Result<Self, FormatError> {
        let kinds = config.section("rope_parameters")?;
        let section = kinds.map(|kinds| kinds.section(kind)).transpose()?;
        match section.flatten() {
            Some(section) => Ok(Self {
                scaling: RopeScaling::from_section(&section, config)?,
                ..Self::plain(section.float("rope_theta", THETA)?)
            }),
            None => older(),
        }
    }

    /// How many of a head's values are rotated: whole pairs.
    pub(crate) fn rotated_dims(&self, head_dim: usize) -> usize {
        let dims = (head_dim as f64 * self.partial) as usize;
        (dims - dims % 2).max(2)
    }

    /// How angles depend on a sequence's length.
    pub(crate) fn stretch(&self) -> RopeStretch {
        match &self.scaling {
            RopeScaling::Dynamic(growth) => growth.stretch(),
            RopeScaling::LongRope(factors) => factors.stretch(),
            RopeScaling::Default | RopeScaling::Linear { .. } | RopeScaling::Llama3(_) => {
                RopeStretch::Same
            }
        }
    }
}

/// A base of the wavelengths that a field names.
pub(crate) fn optional_theta(
    config: &ConfigSection,
    name: &str,
) -> Result<Option<f64>, FormatError> {
    config.optional_float(name, THETA)
}

impl RopeScaling {
    /// `config` has what its section leaves out: how long the context is and was.
    pub(crate) fn from_section(
        section: &ConfigSection,
        config: &ConfigSection,
    ) -> Result<Self, FormatError> {
        let field = match section.value("type") {
            Some(_) => "type",
            None => "rope_type",
        };
        match section.optional_string(field)?.unwrap_or("default") {
            "default" => Ok(Self::Default),
            "linear" => Ok(Self::Linear {
                factor: section.float("factor", FACTOR)?,
            }),
            "dynamic" => DynamicGrowth::from_section(section, config).map(Self::Dynamic),
            "llama3" => Llama3Bands::from_section(section).map(Self::Llama3),
            "longrope" | "su" => LongFactors::from_section(section, config).map(Self::LongRope),
            other => Err(section.refused(
                field,
                &format!("`{other}`"),
                "default, linear, dynamic, llama3 or longrope",
            )),
        }
    }
}
