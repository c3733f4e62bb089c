//! Models of one checkpoint that differ in single matrices.

use std::ops::ControlFlow;
use std::path::Path;

use headroom_formats::QuantizedLayout;
use headroom_mlx::{AffineMatrix, Array, FloatingMatrix, QuantizedMatrix};

use crate::error::ModelError;
use crate::family::ModelFiles;
use crate::linear::mlx_mode;
use crate::model::{LanguageModel, LoadProgress, ModelShape};
use crate::table::EmbeddingPlacement;
use crate::tensor_source::Reader;
use crate::weights::{Weights, read_weights};

/// Packs a weight `(out, in)` as `layout` says, whose scales and biases get the weight's type where
/// they are floats.
///
/// # Errors
/// When the inputs do not divide into its groups.
pub fn pack(weight: &Array, layout: QuantizedLayout) -> headroom_mlx::Result<QuantizedMatrix> {
    Ok(match layout {
        QuantizedLayout::Affine(layout) => {
            let (group_size, bits) = (layout.group_size().into(), layout.bits().into());
            QuantizedMatrix::Affine(AffineMatrix::pack(weight, group_size, bits)?)
        }
        QuantizedLayout::Floating(layout) => {
            QuantizedMatrix::Floating(FloatingMatrix::pack(weight, mlx_mode(layout))?)
        }
    })
}

/// A packed matrix that takes the place of a layer's own.
#[derive(Debug)]
pub struct ReplacedMatrix {
    layer: String,
    layout: QuantizedLayout,
    parts: Vec<Array>,
}

impl ReplacedMatrix {
    /// `values (out, in)` of `layer`, packed as `layout` says.
    ///
    /// # Errors
    /// Those of [`pack`].
    pub fn new(layer: &str, values: &Array, layout: QuantizedLayout) -> Result<Self, ModelError> {
        Ok(Self {
            layer: layer.to_owned(),
            layout,
            parts: pack(values, layout)?.into_parts(),
        })
    }

    pub(crate) fn layer(&self) -> &str {
        &self.layer
    }

    pub(crate) fn layout(&self) -> QuantizedLayout {
        self.layout
    }

    /// Its tensors under the names that a checkpoint would give them.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = (String, Array)> {
        let parts = ["weight", "scales", "biases"].into_iter().zip(&self.parts);
        parts.map(|(part, array)| (format!("{}.{part}", self.layer), array.clone()))
    }
}

/// The weights of a checkpoint in memory, from which models are built that share them.
pub struct SharedWeights {
    files: ModelFiles,
    weights: Weights,
}

impl SharedWeights {
    /// Reads the weights of the model in `directory`.
    ///
    /// # Errors
    /// Those of [`crate::open`].
    pub fn read(
        directory: &Path,
        on_progress: &mut dyn FnMut(LoadProgress) -> ControlFlow<()>,
    ) -> Result<Self, ModelError> {
        let files = ModelFiles::open(directory)?;
        let inventory = files.take_inventory(EmbeddingPlacement::Memory)?;
        let weights = read_weights(&files.checkpoint, inventory.to_read(), on_progress)?;
        drop(inventory);
        Ok(Self { files, weights })
    }

    /// The sizes that all these models have.
    pub fn shape(&self) -> ModelShape {
        self.files.architecture.shape()
    }

    /// The model with these matrices in place of its own. Of the other weights nothing is copied but
    /// what a family prepares for itself, such as small vectors.
    ///
    /// # Errors
    /// When MLX cannot prepare a weight.
    pub fn model_with(
        &self,
        replaced: &[ReplacedMatrix],
    ) -> Result<Box<dyn LanguageModel>, ModelError> {
        let stored = self.files.stored(EmbeddingPlacement::Memory);
        let mut reader = Reader::new(stored, self.weights.clone()).with_replaced(replaced);
        self.files.architecture.build(&mut reader)
    }
}
