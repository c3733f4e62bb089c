//! A generation as a host has asked for it, with all that was made of it on the host's thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::draft::DraftPlan;
use crate::events::EventSender;
use crate::fit::Predictor;
use crate::model_id::ModelId;
use crate::parameters::GenerateParameters;
use crate::prompt_store::CacheInUse;
use crate::sampler::SamplingPlan;
use crate::text_codec::TextCodec;

/// Everything a generation needs, made on the host's thread.
pub(crate) struct GenerationRequest {
    pub(crate) model: ModelId,
    pub(crate) predictor: Predictor,
    pub(crate) codec: Arc<TextCodec>,
    pub(crate) prompt: Vec<u32>,
    /// The most tokens to generate, the context's end considered.
    pub(crate) token_limit: usize,
    pub(crate) parameters: GenerateParameters,
    pub(crate) sampling: SamplingPlan,
    pub(crate) cache: Option<CacheInUse>,
    pub(crate) draft: Option<DraftPlan>,
    pub(crate) load_time: Duration,
    pub(crate) asked_at: Instant,
    pub(crate) events: EventSender,
}
