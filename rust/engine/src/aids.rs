//! What a generation may use beside its model.

use std::sync::Arc;

use crate::draft::DraftPlan;
use crate::error::EngineError;
use crate::kv_cache::CacheKind;
use crate::model::Model;
use crate::parameters::GenerateParameters;
use crate::prompt_cache::PromptCache;

/// What a generation may use beside its model. Nothing of it changes what is generated.
#[derive(Clone, Default)]
pub struct GenerationAids {
    /// Where what the model has seen is taken from and left. Its settings for keys and values hold
    /// instead of the parameters'.
    pub cache: Option<PromptCache>,
    /// A small model that proposes tokens.
    pub draft: Option<DraftModel>,
}

impl GenerationAids {
    /// The parameters, but for what the cache decides.
    pub(crate) fn parameters_in_force(
        &self,
        parameters: &GenerateParameters,
    ) -> GenerateParameters {
        let Some(settings) = self.cache.as_ref().map(PromptCache::settings) else {
            return parameters.clone();
        };
        GenerateParameters {
            max_kv_size: match settings.kind {
                CacheKind::Rotating { max_size } => Some(max_size),
                CacheKind::Simple | CacheKind::Chunked { .. } => None,
            },
            kv_quantization: settings.quantization,
            quantized_kv_start: settings.quantized_start,
            ..parameters.clone()
        }
    }

    pub(crate) fn refuse_other_models(&self, model: &Model) -> Result<(), EngineError> {
        let of_cache = self.cache.as_ref().map(|cache| cache.model().id());
        match of_cache {
            Some(id) if id != model.id() => Err(EngineError::CacheOfAnotherModel),
            _ => Ok(()),
        }
    }
}

/// A small model that proposes tokens for a large one.
#[derive(Clone)]
pub struct DraftModel {
    /// Kept as long as the draft is.
    _model: Model,
    plan: DraftPlan,
}

impl DraftModel {
    /// What a draft proposes at once where nobody says otherwise.
    pub const USUAL_TOKENS: u32 = 3;

    /// A draft for `target` that proposes up to `tokens` at once.
    ///
    /// # Errors
    /// When the two read the same text as other tokens, or `tokens` is not from 1 to 16.
    pub fn new(target: &Model, draft: &Model, tokens: u32) -> Result<Self, EngineError> {
        if !(1..=16).contains(&tokens) {
            return Err(EngineError::Parameter {
                name: "num_draft_tokens",
                found: tokens.to_string(),
                allowed: "a number from 1 to 16",
            });
        }
        let is_same_size = target.shape().vocabulary_size == draft.shape().vocabulary_size;
        if !is_same_size || !target.codec().has_vocabulary_of(draft.codec()) {
            return Err(EngineError::DraftVocabulary {
                draft: draft.directory().to_owned(),
                model: target.directory().to_owned(),
            });
        }
        Ok(Self {
            plan: DraftPlan {
                model: draft.id(),
                count: tokens as usize,
                codec: Arc::clone(target.codec()),
            },
            _model: draft.clone(),
        })
    }

    pub(crate) fn plan(&self) -> DraftPlan {
        self.plan.clone()
    }
}
