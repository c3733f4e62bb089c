//! How likely the generated tokens were.

use headroom_engine::TokenLogprobs;

use crate::c::error::{hr_error, report};
use crate::c::generation::hr_generation;
use crate::c::output::{Output, null};
use crate::c::summary::Ended;
use crate::fault::{Fault, FaultKind};

/// A token and the natural logarithm of its probability. It never changes its size, for hosts hold
/// arrays of it.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_token_logprob {
    /// The token's id.
    pub token: u32,
    /// Its log-probability under the model alone, before biases, penalties, constraint and
    /// temperature.
    pub logprob: f32,
}

/// Tells how likely the generated token number `index` was, for a generation that kept
/// log-probabilities and whose `HR_EVENT_END` was pulled or heard. `chosen` is that token; the
/// likeliest in its place are copied to `top`, likeliest first, at most `capacity` of them; `*count`
/// says how many there are. `top` may be NULL when `capacity` is 0.
///
/// # Safety
/// `chosen` and `count` are NULL, which is an error, or can be written to. `top` is NULL or has room
/// for `capacity` entries.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_generation_get_logprobs(
    generation: hr_generation,
    index: usize,
    chosen: *mut hr_token_logprob,
    top: *mut hr_token_logprob,
    capacity: usize,
    count: *mut usize,
) -> *mut hr_error {
    report(|| {
        // SAFETY: both as promised by the host.
        let (chosen, count) =
            unsafe { (Output::new(chosen, "chosen")?, Output::new(count, "count")?) };
        if top.is_null() && capacity > 0 {
            return Err(null("top"));
        }
        let ended = Ended::find(generation)?;
        let found = at(&ended.summary()?.logprobs, index)?;
        for (place, one) in found.top.iter().take(capacity).enumerate() {
            // SAFETY: `place` is below `capacity`, for which the host has room.
            unsafe { top.add(place).write_unaligned(out(one.token, one.logprob)) };
        }
        chosen.write(out(found.token, found.logprob));
        count.write(found.top.len());
        Ok(())
    })
}

fn at(logprobs: &[TokenLogprobs], index: usize) -> Result<&TokenLogprobs, Fault> {
    logprobs.get(index).ok_or_else(|| {
        let known = logprobs.len();
        let message = format!(
            "there are log-probabilities of {known} tokens, so none of number {index}; \
             set has_logprobs before the generation starts and count from 0"
        );
        Fault::new(FaultKind::InvalidParameter, message)
    })
}

fn out(token: u32, logprob: f32) -> hr_token_logprob {
    hr_token_logprob { token, logprob }
}
