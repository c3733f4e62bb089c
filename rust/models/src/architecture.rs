//! What a configuration, once understood, can say and make.

use std::fmt::Debug;

use crate::error::ModelError;
use crate::model::{LanguageModel, ModelShape};
use crate::tensor_source::TensorSource;

/// A model's architecture: one family's reading of one configuration.
pub(crate) trait Architecture: Debug {
    /// The sizes that the rooms above need.
    fn shape(&self) -> ModelShape;

    /// Builds the model from its tensors.
    fn build(&self, source: &mut dyn TensorSource) -> Result<Box<dyn LanguageModel>, ModelError>;

    /// Whether a tensor may be in the checkpoint though nothing reads it.
    fn may_be_left_over(&self, tensor: &str) -> bool {
        is_known_leftover(tensor)
    }
}

/// What exporters leave in checkpoints of any family: RoPE's frequencies, which are computed, and a
/// copy of the tied head.
pub(crate) fn is_known_leftover(tensor: &str) -> bool {
    tensor.ends_with(".rotary_emb.inv_freq") || tensor.starts_with("lm_head.")
}
