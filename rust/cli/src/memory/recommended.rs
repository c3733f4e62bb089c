//! What to use in the memory there is.

use headroom_engine::select_model;
use headroom_memory::{MemoryState, TrainingMode};
use serde::Serialize;

/// Prompt and answer together, in tokens: what a recommended model has room for.
const CONTEXT_TOKENS: u32 = 4096;

/// The best model of the registry and the way to train; `None` where nothing fits or too little is
/// known.
#[derive(Serialize)]
pub(super) struct Recommended {
    pub(super) model: Option<&'static str>,
    /// Why this one.
    pub(super) reason: Option<String>,
    pub(super) context: u32,
    pub(super) training_mode: Option<TrainingMode>,
}

impl Recommended {
    pub(super) fn of(state: &MemoryState) -> Self {
        let selection = state
            .available_bytes
            .map(|available| select_model(available, CONTEXT_TOKENS));
        let pick = selection.as_ref().and_then(|selection| selection.pick);
        Self {
            model: pick.map(|model| model.id.as_str()),
            reason: selection.map(|selection| selection.explanation()),
            context: CONTEXT_TOKENS,
            training_mode: state.budget_bytes.and_then(TrainingMode::for_budget),
        }
    }
}
