//! What the governor did to save memory, as C sees it.

use headroom_memory::{Action, ActionReport};

/// What was done to save memory, or taken back, between two steps.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum hr_action {
    /// Nothing: the event is of another kind.
    HR_ACTION_NONE = 0,
    /// MLX keeps at most `action_value` bytes for reuse.
    HR_ACTION_SHRINK_CACHE = 1,
    /// At most `action_value` prompt tokens are computed at once.
    HR_ACTION_REDUCE_PREFILL_STEP = 2,
    /// Keys and values are kept in `action_value` bits.
    HR_ACTION_QUANTIZE_KV = 3,
    /// Prompt caches that no generation uses are gone.
    HR_ACTION_DROP_IDLE_PROMPT_CACHES = 4,
    /// The keys and values of at most `action_value` tokens are kept.
    HR_ACTION_BOUND_KV = 5,
    /// Models that no generation uses are gone.
    HR_ACTION_UNLOAD_IDLE_MODELS = 6,
    /// The generation ends with `HR_STOP_REASON_MEMORY`.
    HR_ACTION_STOP = 7,
    /// MLX may keep up to `action_value` bytes for reuse again.
    HR_ACTION_RESTORE_CACHE = 8,
    /// Up to `action_value` prompt tokens are computed at once again.
    HR_ACTION_RESTORE_PREFILL_STEP = 9,
}

/// The kind of an action, and its figure: bytes, tokens or bits, 0 for one that has none.
pub(crate) fn action_out(action: Action) -> (hr_action, u64) {
    match action {
        Action::ShrinkCache { limit_bytes } => (hr_action::HR_ACTION_SHRINK_CACHE, limit_bytes),
        Action::ReducePrefillStep { tokens } => {
            (hr_action::HR_ACTION_REDUCE_PREFILL_STEP, tokens.into())
        }
        Action::QuantizeKv(to) => (hr_action::HR_ACTION_QUANTIZE_KV, to.bits.into()),
        Action::DropIdlePromptCaches => (hr_action::HR_ACTION_DROP_IDLE_PROMPT_CACHES, 0),
        Action::BoundKv { max_size } => (hr_action::HR_ACTION_BOUND_KV, max_size.into()),
        Action::UnloadIdleModels => (hr_action::HR_ACTION_UNLOAD_IDLE_MODELS, 0),
        Action::Stop => (hr_action::HR_ACTION_STOP, 0),
        Action::RestoreCache { limit_bytes } => (hr_action::HR_ACTION_RESTORE_CACHE, limit_bytes),
        Action::RestorePrefillStep { tokens } => {
            (hr_action::HR_ACTION_RESTORE_PREFILL_STEP, tokens.into())
        }
    }
}

/// What was done and why, as one sentence.
pub(crate) fn sentence(report: &ActionReport) -> String {
    format!("{}: {}", report.decision.action, report.decision.reason)
}
