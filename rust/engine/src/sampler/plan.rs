//! What a generation samples by, checked against the model before any work for MLX begins.

use crate::constraint::Constraint;
use crate::error::EngineError;
use crate::parameters::GenerateParameters;
use crate::text_codec::TextCodec;

/// Parameters and what follows from them for one model. Made on the host's thread, so that nothing
/// slow and nothing that can be refused is left for the thread that all generations share.
#[derive(Clone)]
pub(crate) struct SamplingPlan {
    pub(super) parameters: GenerateParameters,
    /// Tokens that end an answer, all of them in the vocabulary.
    pub(super) end_tokens: Vec<u32>,
    pub(super) constraint: Option<Constraint>,
}

impl SamplingPlan {
    pub(crate) fn new(
        parameters: &GenerateParameters,
        codec: &TextCodec,
    ) -> Result<Self, EngineError> {
        parameters.validate()?;
        parameters.validate_bias(codec.vocabulary_size())?;
        let asked = parameters.constraint.as_ref();
        let compiled = asked.map(|asked| codec.constraints()?.compile(asked));
        Ok(Self {
            constraint: compiled.transpose()?,
            parameters: parameters.clone(),
            end_tokens: codec.end_tokens().collect(),
        })
    }
}
