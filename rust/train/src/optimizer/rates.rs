//! The recipe's rates.

use serde::{Deserialize, Serialize};

/// What AdamW is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWSettings {
    /// Shares of the old mean and variance.
    pub betas: [f64; 2],
    /// What is added to the deviation.
    pub epsilon: f64,
}

/// What Muon is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MuonSettings {
    /// Times that Newton and Schulz are asked.
    pub iterations: usize,
}

/// Learning rates for a model of width 768, and the norm that gradients are clipped to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rates {
    /// AdamW, for the embedding.
    pub embedding_learning_rate: f64,
    /// AdamW, for the head.
    pub head_learning_rate: f64,
    /// Muon, for the matrices of blocks.
    pub matrix_learning_rate: f64,
    /// The largest norm of all gradients together; larger ones are scaled down to it. 0 for no limit.
    pub gradient_clip: f64,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            embedding_learning_rate: 0.2,
            head_learning_rate: 0.004,
            matrix_learning_rate: 0.02,
            gradient_clip: 1.0,
        }
    }
}

impl Default for AdamWSettings {
    fn default() -> Self {
        Self {
            betas: [0.8, 0.95],
            epsilon: 1e-10,
        }
    }
}

impl Default for MuonSettings {
    fn default() -> Self {
        Self { iterations: 5 }
    }
}

/// The width at which AdamW's rates are what they say.
const REFERENCE_WIDTH: f64 = 768.0;

impl Rates {
    /// What AdamW's rates are multiplied by in a model of that width.
    pub fn width_share(width: usize) -> f64 {
        (width as f64 / REFERENCE_WIDTH).powf(-0.5)
    }
}
