//! Evaluations of a model in which one matrix at a time is replaced.

use std::ops::ControlFlow;

use headroom_formats::LayerQuantization;
use headroom_mlx::{allocator, trim_heap};
use headroom_models::{
    LanguageModel, ModelContents, ModelShape, Predictions, ReplacedMatrix, SharedWeights,
    StoredMatrix,
};

use crate::error::QuantizeError;
use crate::sensitivity::MatrixSensitivity;

/// Tokens that one prediction can look back at, at most.
const WINDOW: usize = 512;
/// Log-probabilities of one model that are there at once, in float32: 64 MiB.
const PREDICTED_VALUES: usize = 1 << 24;
/// How far measuring has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CalibrationProgress {
    /// Models that have been evaluated.
    pub evaluated: u64,
    /// Models that there will be.
    pub total: u64,
}

/// The text in pieces that know nothing of each other, each with something to predict.
pub(crate) fn windows<'a>(tokens: &'a [u32], shape: &ModelShape) -> Vec<&'a [u32]> {
    let vocabulary = shape.vocabulary_size.max(1) as usize;
    let longest = (PREDICTED_VALUES / vocabulary).clamp(2, WINDOW);
    let windows = tokens.chunks(longest);
    windows.filter(|window| window.len() > 1).collect()
}

/// Hears how far measuring has come and says whether to go on.
pub(crate) type OnProgress<'a> = &'a mut dyn FnMut(CalibrationProgress) -> ControlFlow<()>;

/// A model, its weights in memory, and the text.
pub(crate) struct Measuring<'a> {
    pub(crate) contents: &'a ModelContents,
    pub(crate) weights: &'a SharedWeights,
    pub(crate) windows: Vec<&'a [u32]>,
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
    pub(crate) fn measure(
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
