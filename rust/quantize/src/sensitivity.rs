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
use headroom_mlx::{allocator, trim_heap};
use headroom_models::{
    LanguageModel, ModelContents, ModelShape, Predictions, ReplacedMatrix, SharedWeights,
    StoredMatrix, contents,
};

use crate::error::QuantizeError;
use crate::plan::written_for;
use crate::recipe::change_to;
use crate::report::{bytes_of, parameters};

/// Tokens that one prediction can look back at, at most.
const WINDOW: usize = 512;
/// Log-probabilities of one model that are there at once, in float32: 64 MiB.
const PREDICTED_VALUES: usize = 1 << 24;
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
    /// Bits per weight for which a recipe is wanted: one that no recipe meets is refused before anything
    /// is measured.
    pub target_bits: f64,
}

/// How far measuring has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalibrationProgress {
    /// Models that have been evaluated.
    pub evaluated: u64,
    /// Models that there will be.
    pub total: u64,
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
            windows: windows(&calibration.tokens, weights.shape()),
        };
        sensitivity.loss = measuring.measure(&mut sensitivity.matrices, on_progress)?;
        Ok(sensitivity)
    }

    /// Every choice and its size.
    fn unmeasured(
        calibration: &Calibration,
        contents: &ModelContents,
    ) -> Result<Self, QuantizeError> {
        let matrices = unmeasured(contents, calibration.group_size)?;
        let stored = matrices.iter().filter_map(|matrix| matrix.choices.last());
        let matrix_bytes: u64 = stored.map(|choice| choice.bytes).sum();
        Ok(Self {
            model: calibration.model.clone(),
            loss: 0.0,
            parameters: parameters(contents),
            other_bytes: bytes_of(contents).saturating_sub(matrix_bytes),
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
    group_size: u16,
) -> Result<Vec<MatrixSensitivity>, QuantizeError> {
    let matrices = contents.matrices.iter();
    matrices
        .map(|matrix| {
            Ok(MatrixSensitivity {
                layer: matrix.layer.clone(),
                parameters: contents.outputs(matrix) as u64 * matrix.inputs as u64,
                choices: choices(contents, matrix, group_size)?,
            })
        })
        .collect()
}

fn choices(
    contents: &ModelContents,
    matrix: &StoredMatrix,
    group_size: u16,
) -> Result<Vec<Choice>, QuantizeError> {
    let choice = |stored_as| -> Result<Choice, QuantizeError> {
        let written = written_for(contents, matrix, change_to(matrix, stored_as))?;
        Ok(Choice {
            stored_as,
            bytes: written.iter().map(|tensor| tensor.byte_len()).sum(),
            loss_rise: 0.0,
            divergence: 0.0,
        })
    };
    let stored = choice(matrix.stored_as)?;
    let layouts = AFFINE_BITS.iter();
    let layouts = layouts.filter_map(|&bits| QuantizedLayout::affine(bits as u8, group_size));
    let layouts = layouts.filter(|layout| layout.divides(matrix.inputs));
    let packed = layouts.map(|layout| choice(LayerQuantization::Quantized(layout)));
    let mut choices = packed.collect::<Result<Vec<_>, _>>()?;
    choices.retain(|choice| choice.bytes < stored.bytes);
    choices.push(stored);
    Ok(choices)
}

/// The text in pieces that know nothing of each other, each with something to predict.
fn windows(tokens: &[u32], shape: ModelShape) -> Vec<&[u32]> {
    let vocabulary = shape.vocabulary_size.max(1) as usize;
    let longest = (PREDICTED_VALUES / vocabulary).clamp(2, WINDOW);
    let windows = tokens.chunks(longest);
    windows.filter(|window| window.len() > 1).collect()
}

type OnProgress<'a> = &'a mut dyn FnMut(CalibrationProgress) -> ControlFlow<()>;

struct Measuring<'a> {
    contents: &'a ModelContents,
    weights: &'a SharedWeights,
    windows: Vec<&'a [u32]>,
}

/// A piece of the text, and what the model as it is makes of it.
struct Window<'a> {
    tokens: &'a [u32],
    nats: f64,
    predictions: Predictions,
}

impl Measuring<'_> {
    /// Measures every choice window after window, so that the predictions of the model as it is are
    /// there for one of them only, and gives its loss.
    fn measure(
        &self,
        matrices: &mut [MatrixSensitivity],
        on_progress: OnProgress<'_>,
    ) -> Result<f64, QuantizeError> {
        let original = self.weights.model_with(&[])?;
        let mut progress = CalibrationProgress {
            evaluated: 0,
            total: packed(matrices) * self.windows.len() as u64,
        };
        let mut nats = 0.0;
        for tokens in &self.windows {
            let window = Window::of(original.as_ref(), tokens)?;
            nats += window.nats;
            for (matrix, stored) in matrices.iter_mut().zip(&self.contents.matrices) {
                if on_progress(progress).is_break() {
                    return Err(QuantizeError::Cancelled);
                }
                progress.evaluated += self.measure_matrix(matrix, stored, &window)?;
            }
        }
        Ok(nats / self.predicted())
    }

    /// Measures every choice for one matrix along one window, and tells how many there were.
    fn measure_matrix(
        &self,
        matrix: &mut MatrixSensitivity,
        stored: &StoredMatrix,
        window: &Window<'_>,
    ) -> Result<u64, QuantizeError> {
        let rows = self.contents.rows_of(stored)?;
        let values = rows.values(0..u32::try_from(rows.row_count()).unwrap_or(u32::MAX))?;
        let mut measured = 0;
        for choice in &mut matrix.choices {
            let LayerQuantization::Quantized(layout) = choice.stored_as else {
                continue;
            };
            if choice.stored_as == stored.stored_as {
                continue;
            }
            let replaced = ReplacedMatrix::new(&stored.layer, &values, layout)?;
            let [loss_rise, divergence] = self.rises(&[replaced], window)?;
            choice.loss_rise += loss_rise;
            choice.divergence += divergence;
            measured += 1;
        }
        allocator::clear_cache()?;
        trim_heap();
        Ok(measured)
    }

    /// What a window adds to the rise of the loss and to the divergence of the model in which some
    /// matrices are replaced.
    fn rises(
        &self,
        replaced: &[ReplacedMatrix],
        window: &Window<'_>,
    ) -> Result<[f64; 2], QuantizeError> {
        let model = self.weights.model_with(replaced)?;
        let predictions = Predictions::along(model.as_ref(), window.tokens)?;
        let loss_rise = predictions.nats()? - window.nats;
        let divergence = window.predictions.divergence(&predictions)?;
        match divergence.is_finite() {
            true => Ok([loss_rise, divergence].map(|nats| nats / self.predicted())),
            false => Err(QuantizeError::LossNotFinite),
        }
    }

    /// Tokens that are predicted.
    fn predicted(&self) -> f64 {
        let predicted = self.windows.iter().map(|window| window.len() - 1);
        predicted.sum::<usize>() as f64
    }
}

impl<'a> Window<'a> {
    fn of(model: &dyn LanguageModel, tokens: &'a [u32]) -> Result<Self, QuantizeError> {
        let predictions = Predictions::along(model, tokens)?;
        Ok(Self {
            tokens,
            nats: predictions.nats()?,
            predictions,
        })
    }
}

/// How many choices are packed anew: all but what is stored.
fn packed(matrices: &[MatrixSensitivity]) -> u64 {
    let choices = matrices.iter().map(|matrix| matrix.choices.len() as u64);
    choices.map(|choices| choices.saturating_sub(1)).sum()
}
