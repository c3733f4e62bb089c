//! Pausing a generation, so that nothing is computed while an app is in the background.

use std::time::Duration;

use headroom_engine::Spill;

use crate::c::error::{hr_error, report};
use crate::c::generation::hr_generation;
use crate::c::limits::not_one_of;
use crate::c::output::Output;
use crate::fault::{Fault, FaultKind};
use crate::handles::handles;
use crate::running::RunningGeneration;

/// Where the KV cache of a paused generation stays.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum hr_spill {
    /// In memory.
    HR_SPILL_KEEP = 0,
    /// In a temporary file; in memory where it cannot be written.
    HR_SPILL_TO_DISK = 1,
}

impl From<Spill> for hr_spill {
    fn from(spill: Spill) -> Self {
        match spill {
            Spill::Keep => Self::HR_SPILL_KEEP,
            Spill::ToDisk => Self::HR_SPILL_TO_DISK,
        }
    }
}

fn spill_in(number: i32) -> Result<Spill, Fault> {
    let named = |spill: &Spill| hr_spill::from(*spill) as i32 == number;
    let spill = [Spill::Keep, Spill::ToDisk].into_iter().find(named);
    spill.ok_or_else(|| not_one_of("spill", number, "hr_spill"))
}

fn patience_in(patience_seconds: f64) -> Result<Duration, Fault> {
    Duration::try_from_secs_f64(patience_seconds).map_err(|_| {
        let message =
            format!("patience_seconds is {patience_seconds}, but must be a number from 0 on");
        Fault::new(FaultKind::InvalidParameter, message)
    })
}

/// Pauses a generation, and returns once it computes nothing any more, after `patience_seconds` at
/// the latest. `*is_at_rest` becomes 1 if it rests, and 0 if the step at hand takes longer: it rests
/// after that step then. `spill` is one of `hr_spill`.
///
/// A paused generation gives no events; a thread that waits for one goes on waiting until
/// `hr_generation_resume`, `hr_generation_cancel` or `hr_generation_free`. One that has ended rests.
///
/// # Safety
/// `is_at_rest` is NULL, which is an error, or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_generation_pause(
    generation: hr_generation,
    spill: i32,
    patience_seconds: f64,
    is_at_rest: *mut u32,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { Output::new(is_at_rest, "is_at_rest") }?;
        let (spill, patience) = (spill_in(spill)?, patience_in(patience_seconds)?);
        let generation = handles().get::<RunningGeneration>(generation)?;
        output.write(generation.pause(spill, patience).into());
        Ok(())
    })
}

/// Lets a paused generation go on, as if it had never paused. Does nothing to one that is not.
#[unsafe(no_mangle)]
pub extern "C" fn hr_generation_resume(generation: hr_generation) -> *mut hr_error {
    report(|| {
        handles().get::<RunningGeneration>(generation)?.resume();
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_places_are_taken() {
        assert_eq!(spill_in(0).unwrap(), Spill::Keep);
        assert_eq!(spill_in(1).unwrap(), Spill::ToDisk);
        assert!(spill_in(2).unwrap_err().message.contains("hr_spill"));
    }

    #[test]
    fn a_wait_that_is_no_time_is_refused() {
        assert_eq!(patience_in(0.25).unwrap(), Duration::from_millis(250));
        for seconds in [-1.0, f64::NAN, f64::INFINITY] {
            let fault = patience_in(seconds).unwrap_err();
            assert_eq!(fault.kind, FaultKind::InvalidParameter, "{seconds}");
        }
    }
}
