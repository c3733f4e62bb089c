//! Rotary position embedding (Su et al., 2021) and the ways these families stretch it over longer
//! contexts: `linear` (Chen et al., 2023), `dynamic` (NTK-aware), `llama3` (Llama 3.1's wavelength
//! bands) and `longrope` (Ding et al., 2024).

mod config;
mod llama3;
mod longrope;
mod stretch;

use headroom_mlx::ops::fast;
use headroom_mlx::{Array, Result};

pub(crate) use config::{RopeConfig, RopeScaling, optional_theta};
pub use stretch::RopeStretch;

/// Where a chunk of tokens stands in its sequence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    /// Tokens before the chunk.
    pub(crate) offset: i32,
    /// How long the sequence is expected to become, as far as angles depend on it.
    pub(crate) reach: i32,
}

/// RoPE for heads of one width.
#[derive(Debug)]
pub(crate) struct Rope {
    /// How many of a head's first values are rotated.
    dims: i32,
    /// Adjacent pairs instead of the two halves.
    traditional: bool,
    angles: Angles,
}

#[derive(Debug)]
enum Angles {
    /// MLX computes the frequencies; positions are multiplied by `scale`.
    Geometric { theta: f32, scale: f32 },
    /// Wavelength over 2π for each pair, `(dims / 2)`.
    Table(Array),
    /// The base grows with the sequence.
    Dynamic(stretch::DynamicBase),
    /// One table for short sequences, one for long ones.
    Long(longrope::LongRope),
}

impl Rope {
    /// For heads of `head_dim`.
    pub(crate) fn new(config: &RopeConfig, head_dim: usize) -> Self {
        let theta = config.theta as f32;
        let dims = config.rotated_dims(head_dim);
        let angles = match &config.scaling {
            RopeScaling::Default => Angles::Geometric { theta, scale: 1.0 },
            RopeScaling::Linear { factor } => Angles::Geometric {
                theta,
                scale: (1.0 / factor) as f32,
            },
            RopeScaling::Dynamic(growth) => Angles::Dynamic(growth.base(config.theta, dims)),
            RopeScaling::Llama3(bands) => Angles::Table(bands.table(config.theta, dims)),
            RopeScaling::LongRope(factors) => {
                Angles::Long(factors.tables(config.theta, dims, head_dim))
            }
        };
        Self {
            dims: dims as i32,
            traditional: config.traditional,
            angles,
        }
    }

    /// Rotates the other way round, as nanochat was trained.
    pub(crate) fn backwards(theta: f64, head_dim: usize) -> Self {
        let table: Vec<f32> = wavelengths(theta, head_dim)
            .map(|wavelength| -wavelength as f32)
            .collect();
        Self {
            dims: head_dim as i32,
            traditional: false,
            angles: Angles::Table(Array::from_slice(&table, &[table.len() as i32])),
        }
    }

    /// Rotates `(1, heads, tokens, head_dim)`.
    pub(crate) fn forward(&self, x: &Array, position: Position) -> Result<Array> {
        match &self.angles {
            Angles::Geometric { theta, scale } => {
                self.rotate_by_base(x, (*theta, *scale), position)
            }
            Angles::Dynamic(base) => self.rotate_by_base(x, (base.at(position), 1.0), position),
            Angles::Table(table) => self.rotate_by_table(x, table, position),
            Angles::Long(long) => {
                self.rotate_by_table(&long.magnify(x)?, long.table(position), position)
            }
        }
    }

    fn rotate_by_base(
        &self,
        x: &Array,
        (theta, scale): (f32, f32),
        position: Position,
    ) -> Result<Array> {
        let Self {
            dims, traditional, ..
        } = *self;
        fast::rope(x, dims, traditional, theta, scale, position.offset, None)
    }

    fn rotate_by_table(&self, x: &Array, table: &Array, position: Position) -> Result<Array> {
        let Self {
            dims, traditional, ..
        } = *self;
        fast::rope(x, dims, traditional, None, 1.0, position.offset, table)
    }
}

/// Wavelength over 2π for each of the `dims / 2` pairs, unstretched.
fn wavelengths(theta: f64, dims: usize) -> impl Iterator<Item = f64> {
    (0..dims / 2).map(move |pair| theta.powf(2.0 * pair as f64 / dims as f64))
}
