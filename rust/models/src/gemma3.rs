//! Gemma 3 with a vision tower (Gemma Team, 2025), `model_type` `gemma3`: its text part is loaded, the
//! rest of the checkpoint left where it is.
//!
//! Reference: `mlx_lm/models/gemma3.py`, version 0.32.2.

use headroom_formats::{ConfigFile, FormatError};

use crate::architecture::Architecture;
use crate::error::ModelError;
use crate::gemma3_text::Gemma3;
use crate::model::{LanguageModel, ModelShape};
use crate::tensor_source::TensorSource;

#[derive(Debug)]
struct WithVision {
    text: Gemma3,
}

/// What a `gemma3` configuration means.
pub(crate) fn read(config: &ConfigFile) -> Result<Box<dyn Architecture>, FormatError> {
    let Some(text) = config.section("text_config")? else {
        return Err(config.refused_value("text_config", "the text model's configuration"));
    };
    let text = text.with_default_from(config, "vocab_size");
    Ok(Box::new(WithVision {
        text: Gemma3::from_config(&text)?,
    }))
}

impl Architecture for WithVision {
    fn shape(&self) -> ModelShape {
        self.text.shape()
    }

    fn build(&self, source: &mut dyn TensorSource) -> Result<Box<dyn LanguageModel>, ModelError> {
        self.text.build(source)
    }

    fn may_be_left_over(&self, tensor: &str) -> bool {
        let name = tensor.strip_prefix("model.").unwrap_or(tensor);
        let is_vision = ["vision_tower.", "multi_modal_projector."]
            .iter()
            .any(|part| name.starts_with(part));
        is_vision || self.text.may_be_left_over(tensor)
    }
}
