//! By how much a model's loss rises when single matrices are packed: measured on a text.
//!
//! Two figures are taken. The rise of the loss on the tokens of the text is what is wanted in the end,
//! but for one matrix it is mostly chance: on a thousand tokens, four bits lower it as often as not.
//! The rise over all tokens that might have come, weighed as the model itself expects them, is the
//! Kullback-Leibler divergence of the changed model's predictions from the model's own. It is never
//! negative, has that chance averaged out, and is what recipes go by.

use std::ops::ControlFlow;
use std::path::PathBuf;

use headroom_formats::{AFFINE_BITS, LayerQuantization, QuantizedLayout};
use headroom_models::{ModelContents, SharedWeights, StoredMatrix, contents};

use crate::error::QuantizeError;
use crate::float_dtype::FloatDtype;
use crate::measuring::{Measuring, OnProgress, windows};
use crate::plan::{stored_bytes, written_for};
use crate::recipe::change_to;
use crate::report::parameters;

/// Tokens from which on a rise is more than chance.
const LEAST_TOKENS: usize = 256;

/// What is to be measured, and on what.
#[derive(Debug, Clone)]
pub struct Calibration {
    /// The model's directory.
    pub model: PathBuf,
    /// The text, in the model's tokens.
    pub tokens: Vec<u32>,
    /// Values that share a scale and a bias in every packing that is tried: 32, 64 or 128.
    pub group_size: u16,
    /// The type that the recipe will be written with, which decides how large scales are.
    pub dtype: Option<FloatDtype>,
    /// Bits per weight for which a recipe is wanted: one that no recipe meets is refused before anything
    /// is measured.
    pub target_bits: f64,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Sensitivity {
    pub(crate) model: PathBuf,
    /// The loss of the model as it is, in nats per token.
    pub loss: f64,
    /// Values in the weights.
    pub(crate) parameters: u64,
    /// Bytes of what is no matrix.
    pub(crate) other_bytes: u64,
    /// Every matrix, in the model's order.
    pub matrices: Vec<MatrixSensitivity>,
}

/// What one matrix may become.
#[derive(Debug, Clone)]
pub struct MatrixSensitivity {
    /// What its tensors' names begin with.
    pub layer: String,
    /// Its values.
    pub parameters: u64,
    /// Packings that are smaller than what is stored, and at the end what is stored.
    pub choices: Vec<Choice>,
}

/// One way to store a matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// How its values are stored.
    pub stored_as: LayerQuantization,
    /// Bytes that this takes.
    pub bytes: u64,
    /// The loss on the text with this matrix alone stored so, less that of the model as it is, in nats
    /// per token. Chance can bring it below zero.
    pub loss_rise: f64,
    /// The divergence of the predictions with this matrix alone stored so from those of the model as it
    /// is, in nats per token.
    pub divergence: f64,
}

impl Sensitivity {
    /// Measures each matrix at each width of MLX's affine mode that makes it smaller. All weights are in
    /// memory, one of them a second time. Must run on the thread that owns MLX, if one does.
    ///
    /// # Errors
    /// When the model does not pass the gate, the text is too short, the target is out of reach, the
    /// loss is no number, or `on_progress` stops it.
    pub fn measure(
        calibration: &Calibration,
        on_progress: OnProgress<'_>,
    ) -> Result<Self, QuantizeError> {
        require_enough(calibration)?;
        headroom_mlx::start()?;
        let contents = contents(&calibration.model)?;
        let mut sensitivity = Self::unmeasured(calibration, &contents)?;
        sensitivity.require_possible(calibration.target_bits)?;
        let weights = SharedWeights::read(&calibration.model, &mut |_| ControlFlow::Continue(()))?;
        let measuring = Measuring {
            contents: &contents,
            weights: &weights,
            windows: windows(&calibration.tokens, &weights.shape()),
        };
        sensitivity.loss = measuring.measure(&mut sensitivity.matrices, on_progress)?;
        Ok(sensitivity)
    }

    /// Every choice and its size.
    fn unmeasured(
        calibration: &Calibration,
        contents: &ModelContents,
    ) -> Result<Self, QuantizeError> {
        let matrices = unmeasured(contents, calibration)?;
        let stored = matrices.iter().filter_map(|matrix| matrix.choices.last());
        let matrix_bytes: u64 = stored.map(|choice| choice.bytes).sum();
        Ok(Self {
            model: calibration.model.clone(),
            loss: 0.0,
            parameters: parameters(contents),
            other_bytes: stored_bytes(contents, calibration.dtype).saturating_sub(matrix_bytes),
            matrices,
        })
    }
}

fn require_enough(calibration: &Calibration) -> Result<(), QuantizeError> {
    match calibration.tokens.len() {
        tokens if tokens < LEAST_TOKENS => Err(QuantizeError::CalibrationTooShort {
            tokens,
            least: LEAST_TOKENS,
        }),
        _ => Ok(()),
    }
}

/// Every matrix with its choices, whose rises are still to be measured.
fn unmeasured(
    contents: &ModelContents,
    calibration: &Calibration,
) -> Result<Vec<MatrixSensitivity>, QuantizeError> {
    let matrices = contents.matrices.iter();
    matrices
        .map(|matrix| {
            Ok(MatrixSensitivity {
                layer: matrix.layer.clone(),
                parameters: contents.outputs(matrix) as u64 * matrix.inputs as u64,
                choices: choices(contents, matrix, calibration)?,
            })
        })
        .collect()
}

fn choices(
    contents: &ModelContents,
    matrix: &StoredMatrix,
    calibration: &Calibration,
) -> Result<Vec<Choice>, QuantizeError> {
    let choice = |stored_as| -> Result<Choice, QuantizeError> {
        let written = written_for(
            contents,
            matrix,
            change_to(matrix, stored_as),
            calibration.dtype,
        )?;
        Ok(Choice {
            stored_as,
            bytes: written.iter().map(|tensor| tensor.byte_len()).sum(),
            loss_rise: 0.0,
            divergence: 0.0,
        })
    };
    let stored = choice(matrix.stored_as)?;
    let layouts = AFFINE_BITS.iter();
    let layouts =
        layouts.filter_map(|&bits| QuantizedLayout::affine(bits as u8, calibration.group_size));
    let layouts = layouts.filter(|layout| layout.divides(matrix.inputs));
    let packed = layouts.map(|layout| choice(LayerQuantization::Quantized(layout)));
    let mut choices = packed.collect::<Result<Vec<_>, _>>()?;
    choices.retain(|choice| choice.bytes < stored.bytes);
    choices.push(stored);
    Ok(choices)
}
