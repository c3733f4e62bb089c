//! From measured rises to a recipe that meets a target of bits per weight.

use std::collections::BTreeMap;

use headroom_formats::{LayerQuantization, QuantizedLayout};
use serde::Serialize;

use crate::allocation::{Cost, allocate};
use crate::error::QuantizeError;
use crate::recipe::MixedRecipe;
use crate::sensitivity::{Choice, MatrixSensitivity, Sensitivity};

/// What each matrix gets, and why.
#[derive(Debug, Clone, Serialize)]
pub struct MixedReport {
    /// Bits per weight that were asked for at most.
    pub target_bits: f64,
    /// The loss of the model as it is on the calibration text, in nats per token.
    pub loss_nats_per_token: f64,
    /// The divergences of all choices, added up: by how much the loss is expected to rise.
    pub expected_rise_nats_per_token: f64,
    /// Every matrix, in the model's order.
    pub matrices: Vec<MatrixReport>,
}

/// What one matrix gets.
#[derive(Debug, Clone, Serialize)]
pub struct MatrixReport {
    /// What its tensors' names begin with.
    pub layer: String,
    /// Its values.
    pub parameters: u64,
    /// How they are stored from now on.
    pub chosen: ChoiceReport,
    /// All that could be chosen, smallest first.
    pub measured: Vec<ChoiceReport>,
}

/// One way to store a matrix.
#[derive(Debug, Clone, Serialize)]
pub struct ChoiceReport {
    /// MLX's mode; `None` for floating-point numbers of their own.
    pub mode: Option<&'static str>,
    /// Bits of each value, scales and biases not counted; `None` where it is not packed.
    pub bits: Option<u8>,
    /// Values that share a scale; `None` where it is not packed.
    pub group_size: Option<u16>,
    /// Bytes that it takes, scales and biases included.
    pub bytes: u64,
    /// By how much the loss on the text rose with this matrix alone stored so; partly chance.
    pub loss_rise_nats_per_token: f64,
    /// By how much it would rise where the model's own predictions are true: what decides.
    pub divergence_nats_per_token: f64,
}

impl Sensitivity {
    /// The recipe with the least sum of divergences among those of at most `target_bits` bits per weight,
    /// scales, biases and everything that is no matrix included.
    ///
    /// # Errors
    /// When the smallest choices of all take more, or the model takes no more as it is.
    pub fn recipe(&self, target_bits: f64) -> Result<(MixedRecipe, MixedReport), QuantizeError> {
        self.require_possible(target_bits)?;
        let budget_bytes = (target_bits * self.parameters as f64 / 8.0) as u64;
        let costs: Vec<_> = self.matrices.iter().map(costs).collect();
        let chosen = allocate(&costs, budget_bytes.saturating_sub(self.other_bytes));
        let chosen = chosen.ok_or_else(|| self.too_low(target_bits))?;
        let pairs = self.matrices.iter().zip(chosen);
        let pairs: Vec<_> = pairs
            .map(|(matrix, number)| (matrix, matrix.choices[number]))
            .collect();
        let layers = pairs.iter();
        let layers = layers.map(|(matrix, choice)| (matrix.layer.clone(), choice.stored_as));
        let recipe = MixedRecipe {
            default: most_used(&pairs).ok_or_else(|| self.too_low(target_bits))?,
            layers: layers.collect(),
        };
        Ok((recipe, self.report(target_bits, &pairs)))
    }

    /// Refuses a target that no recipe meets, or that the model meets as it is.
    pub(crate) fn require_possible(&self, target_bits: f64) -> Result<(), QuantizeError> {
        let original = self.bits_with(|matrix| matrix.choices.last());
        if target_bits >= original {
            return Err(QuantizeError::TargetTooHigh {
                path: self.model.clone(),
                target: target_bits,
                original,
            });
        }
        match target_bits >= self.bits_with(|matrix| matrix.choices.first()) {
            true => Ok(()),
            false => Err(self.too_low(target_bits)),
        }
    }

    /// Bits per weight of the whole model with these choices.
    fn bits_with<'a>(&'a self, choice: fn(&'a MatrixSensitivity) -> Option<&'a Choice>) -> f64 {
        let bytes = self.matrices.iter().filter_map(choice);
        let bytes: u64 = bytes.map(|choice| choice.bytes).sum();
        bytes.saturating_add(self.other_bytes) as f64 * 8.0 / self.parameters as f64
    }

    fn too_low(&self, target: f64) -> QuantizeError {
        QuantizeError::TargetTooLow {
            path: self.model.clone(),
            target,
            least: self.bits_with(|matrix| matrix.choices.first()),
        }
    }

    fn report(&self, target_bits: f64, pairs: &[(&MatrixSensitivity, Choice)]) -> MixedReport {
        let matrices = pairs.iter().map(|(matrix, choice)| MatrixReport {
            layer: matrix.layer.clone(),
            parameters: matrix.parameters,
            chosen: ChoiceReport::of(choice),
            measured: matrix.choices.iter().map(ChoiceReport::of).collect(),
        });
        MixedReport {
            target_bits,
            loss_nats_per_token: self.loss,
            expected_rise_nats_per_token: pairs.iter().map(|(_, choice)| choice.divergence).sum(),
            matrices: matrices.collect(),
        }
    }
}

/// Rounding can bring a divergence of nothing below zero.
fn costs(matrix: &MatrixSensitivity) -> Vec<Cost> {
    let choices = matrix.choices.iter();
    let costs = choices.map(|choice| Cost {
        bytes: choice.bytes,
        rise: choice.divergence.max(0.0),
    });
    costs.collect()
}

/// The layout that most values get; `None` when nothing is packed.
fn most_used(pairs: &[(&MatrixSensitivity, Choice)]) -> Option<QuantizedLayout> {
    let mut parameters: BTreeMap<QuantizedLayout, u64> = BTreeMap::new();
    for (matrix, choice) in pairs {
        if let LayerQuantization::Quantized(layout) = choice.stored_as {
            *parameters.entry(layout).or_default() += matrix.parameters;
        }
    }
    let most = parameters
        .into_iter()
        .max_by_key(|(_, parameters)| *parameters);
    most.map(|(layout, _)| layout)
}

impl ChoiceReport {
    fn of(choice: &Choice) -> Self {
        let layout = match choice.stored_as {
            LayerQuantization::Quantized(layout) => Some(layout),
            LayerQuantization::Dense => None,
        };
        Self {
            mode: layout.map(QuantizedLayout::mode),
            bits: layout.map(QuantizedLayout::bits),
            group_size: layout.map(QuantizedLayout::group_size),
            bytes: choice.bytes,
            loss_rise_nats_per_token: choice.loss_rise,
            divergence_nats_per_token: choice.divergence,
        }
    }
}
