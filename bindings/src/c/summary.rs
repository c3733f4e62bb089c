//! What a generation that has ended can tell: figures, answer, tokens.

use std::mem::offset_of;
use std::sync::Arc;

use headroom_engine::{GenerationSummary, StopReason};

use crate::c::error::{hr_error, report};
use crate::c::generation::hr_generation;
use crate::c::output::{Output, null};
use crate::c::string::{hr_string, string_out};
use crate::c::structs::{SizeFirst, StructOutput};
use crate::c::version::HR_UNKNOWN;
use crate::fault::{Fault, FaultKind};
use crate::handles::handles;
use crate::running::RunningGeneration;

/// Why a generation ended.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum hr_stop_reason {
    /// The model ended its answer, or a stop text came.
    HR_STOP_REASON_STOP = 0,
    /// `max_tokens` or the end of the context was reached.
    HR_STOP_REASON_LENGTH = 1,
    /// The host cancelled.
    HR_STOP_REASON_CANCELLED = 2,
    /// Memory ran short and nothing was left to give up; the answer so far is there.
    HR_STOP_REASON_MEMORY = 3,
}

impl From<StopReason> for hr_stop_reason {
    fn from(reason: StopReason) -> Self {
        match reason {
            StopReason::Stop => Self::HR_STOP_REASON_STOP,
            StopReason::Length => Self::HR_STOP_REASON_LENGTH,
            StopReason::Cancelled => Self::HR_STOP_REASON_CANCELLED,
            StopReason::Memory => Self::HR_STOP_REASON_MEMORY,
        }
    }
}

/// The figures of a generation that has ended, all measured but the predicted one.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_generation_summary {
    /// `sizeof(hr_generation_summary)`, set by the host.
    pub size: usize,
    /// Why it ended.
    pub stop_reason: hr_stop_reason,
    /// Always 0.
    pub reserved: u32,
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
    /// How many of them were taken from a cache instead of being computed.
    pub cached_prompt_tokens: u64,
    /// How many tokens were generated.
    pub generated_tokens: u64,
    /// How long loading the model took.
    pub load_seconds: f64,
    /// From the request to the first token; NaN when none came.
    pub time_to_first_token_seconds: f64,
    /// Prefill speed; NaN when it did not finish.
    pub prompt_tokens_per_second: f64,
    /// Decode speed, from the first token to the last; NaN for fewer than two tokens.
    pub generation_tokens_per_second: f64,
    /// The most that MLX's arrays took at once in this process.
    pub peak_mlx_bytes: u64,
    /// The most that this process took at once; `HR_UNKNOWN` where the system does not tell.
    pub peak_footprint_bytes: u64,
    /// What the KV cache took at the end.
    pub kv_cache_bytes: u64,
    /// The peak of MLX's arrays that was predicted for this generation alone.
    pub predicted_peak_mlx_bytes: u64,
    /// How many `HR_EVENT_ACTION` there were.
    pub action_count: u64,
}

// SAFETY: `repr(C)`, `size` first.
unsafe impl SizeFirst for hr_generation_summary {
    const NAME: &'static str = "hr_generation_summary";
    const FIRST_SIZE: usize = offset_of!(Self, kv_cache_bytes) + size_of::<u64>();
}

impl From<&GenerationSummary> for hr_generation_summary {
    fn from(summary: &GenerationSummary) -> Self {
        let known = |figure: Option<f64>| figure.unwrap_or(f64::NAN);
        Self {
            size: size_of::<Self>(),
            stop_reason: summary.stop_reason.into(),
            reserved: 0,
            prompt_tokens: summary.prompt_tokens as u64,
            cached_prompt_tokens: summary.cached_prompt_tokens as u64,
            generated_tokens: summary.generated_tokens as u64,
            load_seconds: summary.load_seconds,
            time_to_first_token_seconds: known(summary.time_to_first_token_seconds),
            prompt_tokens_per_second: known(summary.prompt_tokens_per_second),
            generation_tokens_per_second: known(summary.generation_tokens_per_second),
            peak_mlx_bytes: summary.peak_mlx_bytes,
            peak_footprint_bytes: summary.peak_footprint_bytes.unwrap_or(HR_UNKNOWN),
            kv_cache_bytes: summary.kv_cache_bytes,
            predicted_peak_mlx_bytes: summary.predicted_peak_mlx_bytes,
            action_count: summary.actions.len() as u64,
        }
    }
}

/// A generation whose last event was pulled.
pub(super) struct Ended(Arc<RunningGeneration>);

impl Ended {
    pub(super) fn find(generation: hr_generation) -> Result<Self, Fault> {
        Ok(Self(handles().get(generation)?))
    }

    pub(super) fn summary(&self) -> Result<&GenerationSummary, Fault> {
        self.0.summary().ok_or_else(|| {
            let message = "the generation has not ended; pull its events up to HR_EVENT_END first";
            Fault::new(FaultKind::WrongGenerationState, message)
        })
    }
}

/// Tells the figures of a generation whose `HR_EVENT_END` was pulled or heard.
///
/// # Safety
/// `summary` is NULL, which is an error, or has as many bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_generation_get_summary(
    generation: hr_generation,
    summary: *mut hr_generation_summary,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { StructOutput::new(summary) }?;
        output.write(Ended::find(generation)?.summary()?.into());
        Ok(())
    })
}

/// Gives the whole answer of a generation whose `HR_EVENT_END` was pulled or heard. The host frees
/// the string.
///
/// # Safety
/// `answer` is NULL, which is an error, or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_generation_get_answer(
    generation: hr_generation,
    answer: *mut hr_string,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { Output::new(answer, "answer") }?;
        let text = Ended::find(generation)?.summary()?.text.clone();
        output.write(string_out(text)?);
        Ok(())
    })
}

/// Copies the ids of the generated tokens, the one that ended the answer included, for a generation
/// whose `HR_EVENT_END` was pulled or heard. At most `capacity` are copied; `*count` says how many
/// there are. `tokens` may be NULL when `capacity` is 0.
///
/// # Safety
/// `tokens` is NULL or has room for `capacity` ids. `count` is NULL, which is an error, or can be
/// written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_generation_get_tokens(
    generation: hr_generation,
    tokens: *mut u32,
    capacity: usize,
    count: *mut usize,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { Output::new(count, "count") }?;
        if tokens.is_null() && capacity > 0 {
            return Err(null("tokens"));
        }
        let ended = Ended::find(generation)?;
        let ids = &ended.summary()?.tokens;
        for (index, &id) in ids.iter().take(capacity).enumerate() {
            // SAFETY: `index` is below `capacity`, for which the host has room.
            unsafe { tokens.add(index).write_unaligned(id) };
        }
        output.write(ids.len());
        Ok(())
    })
}
