//! What a model directory holds for its model, without the model: for tools that rewrite checkpoints.

use headroom_formats::{Checkpoint, ExpectedTensor, LayerQuantization};

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
