//! RoPE in the direction in which nanochat was trained, and back again.

use headroom_mlx::ops::fast;
use headroom_mlx::{Array, Result};

const BASE: f64 = 10_000.0;

/// Rotations of halves of a head against each other, by angles that grow with the position.
#[derive(Debug)]
pub(crate) struct Rotation {
    head_dim: i32,
    /// Wavelength over 2π for each pair, negative for the direction of training.
    forward: Array,
    backward: Array,
}

impl Rotation {
    pub(crate) fn new(head_dim: usize) -> Self {
        let table = |sign: f64| {
            let pairs = 0..head_dim / 2;
            let exponent = |pair: usize| 2.0 * pair as f64 / head_dim as f64;
            let values: Vec<f32> = pairs
                .map(|pair| (sign * BASE.powf(exponent(pair))) as f32)
                .collect();
            Array::from_slice(&values, &[values.len() as i32])
        };
        Self {
            head_dim: head_dim as i32,
            forward: table(-1.0),
            backward: table(1.0),
        }
    }

    /// Rotates `(rows, heads, tokens, head_dim)`.
    pub(crate) fn forward(&self, x: &Array) -> Result<Array> {
        self.rotate(x, &self.forward)
    }

    /// A rotation's gradient is the rotation the other way round.
    pub(crate) fn backward(&self, gradient: &Array) -> Result<Array> {
        self.rotate(gradient, &self.backward)
    }

    fn rotate(&self, x: &Array, wavelengths: &Array) -> Result<Array> {
        fast::rope(x, self.head_dim, false, None, 1.0, 0, wavelengths)
    }
}
