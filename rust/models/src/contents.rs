//! What a model directory holds for its model, without the model: for tools that rewrite checkpoints.

use headroom_formats::{Checkpoint, ExpectedTensor, LayerQuantization};

use crate::error::ModelError;
use crate::matrix_in_file::MatrixInFile;

/// A checkpoint that has been held to its configuration, and what of it the model uses.
#[derive(Debug)]
pub struct ModelContents {
    /// Where the bytes are.
    pub checkpoint: Checkpoint,
    /// Every tensor that the model uses; what else the files hold is left over.
    pub tensors: Vec<ExpectedTensor>,
    /// The matrices among them: what a product or a look-up of rows is made with, and what may be
    /// quantised.
    pub matrices: Vec<StoredMatrix>,
}

impl ModelContents {
    /// Rows of a matrix, zero where there is none of that name.
    pub fn outputs(&self, matrix: &StoredMatrix) -> usize {
        let info = self.checkpoint.info(&format!("{}.weight", matrix.layer));
        let rows = info.and_then(|info| info.shape.first().copied());
        rows.unwrap_or(0)
    }

    /// A matrix of which rows can be read.
    ///
    /// # Errors
    /// When its tensors are not there.
    pub fn rows_of(&self, matrix: &StoredMatrix) -> Result<MatrixInFile, ModelError> {
        let shape = [self.outputs(matrix), matrix.inputs];
        MatrixInFile::open(&self.checkpoint, &matrix.layer, shape, matrix.stored_as)
    }
}

/// A matrix of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMatrix {
    /// What its tensors' names begin with: `{layer}.weight`.
    pub layer: String,
    /// Columns before packing.
    pub inputs: usize,
    /// Dense or packed.
    pub stored_as: LayerQuantization,
}
