//! Events of a generation, as C sees them.

use std::ffi::c_void;
use std::mem::offset_of;

use headroom_engine::Event;
use headroom_memory::{ActionReport, MemoryState};

use crate::c::action::{action_out, hr_action, sentence};
use crate::c::memory::hr_pressure;
use crate::c::string::{hr_string, string_out};
use crate::c::structs::SizeFirst;
use crate::c::version::HR_UNKNOWN;
use crate::fault::Fault;

/// What happened. A host passes over kinds that it does not know: new ones may be added.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum hr_event_kind {
    /// A chunk of the prompt has been computed: `done_tokens` of `total_tokens`.
    HR_EVENT_PREFILL = 1,
    /// More of the answer, in `text`; whole characters only.
    HR_EVENT_TEXT = 2,
    /// The last event; `hr_generation_get_summary` now has the figures.
    HR_EVENT_END = 3,
    /// Memory as it is now, as often as `monitor_interval` says.
    HR_EVENT_MEMORY = 4,
    /// Something was done to save memory, or taken back: `action`, with a sentence in `text`.
    HR_EVENT_ACTION = 5,
}

/// One thing that happened.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_event {
    /// `sizeof(hr_event)`, set by the host.
    pub size: usize,
    /// What happened.
    pub kind: hr_event_kind,
    /// Always 0.
    pub reserved: u32,
    /// With `HR_EVENT_TEXT`: the text. With `HR_EVENT_ACTION`: what was done and why. Else 0.
    pub text: hr_string,
    /// With `HR_EVENT_PREFILL`: prompt tokens computed so far. Else 0.
    pub done_tokens: u64,
    /// With `HR_EVENT_PREFILL`: prompt tokens there are. Else 0.
    pub total_tokens: u64,
    /// With `HR_EVENT_ACTION`: what was done. Else `HR_ACTION_NONE`.
    pub action: hr_action,
    /// With `HR_EVENT_MEMORY` and `HR_EVENT_ACTION`: how tight memory is.
    pub pressure: hr_pressure,
    /// With `HR_EVENT_ACTION`: bytes, tokens or bits, as `hr_action` says. Else 0.
    pub action_value: u64,
    /// With `HR_EVENT_ACTION`: bytes that it freed, by the system's measure. Else, and where that is
    /// not known, `HR_UNKNOWN`.
    pub freed_bytes: u64,
    /// With `HR_EVENT_MEMORY`: bytes that this process may use. Else, and where the system does not
    /// tell, `HR_UNKNOWN`, here and below.
    pub budget_bytes: u64,
    /// With `HR_EVENT_MEMORY`: footprint of this process.
    pub used_bytes: u64,
    /// With `HR_EVENT_MEMORY`: bytes that it could take now without hurting itself or others.
    pub available_bytes: u64,
    /// With `HR_EVENT_MEMORY`: bytes in MLX's live arrays.
    pub mlx_active_bytes: u64,
    /// With `HR_EVENT_MEMORY`: bytes that MLX keeps for reuse.
    pub mlx_cache_bytes: u64,
}

// SAFETY: `repr(C)`, `size` first.
unsafe impl SizeFirst for hr_event {
    const NAME: &'static str = "hr_event";
    const FIRST_SIZE: usize = offset_of!(Self, total_tokens) + size_of::<u64>();
}

/// Hears the events of a generation. Return 0 to go on; anything else cancels the generation, and
/// the events still to come, the end among them, are heard all the same.
///
/// It runs on the thread that asked for it, with no lock held, so it may call any function of this
/// header. The event and its text belong to the library and are gone when it returns. It must
/// return: no `longjmp`, no C++ exception.
pub type hr_event_callback =
    Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, event: *const hr_event) -> i32>;

/// An event whose text, if any, has a handle of its own.
pub(super) fn event_out(event: Event) -> Result<hr_event, Fault> {
    Ok(match event {
        Event::Prefill {
            done_tokens,
            total_tokens,
        } => hr_event {
            done_tokens: done_tokens as u64,
            total_tokens: total_tokens as u64,
            ..bare(hr_event_kind::HR_EVENT_PREFILL)
        },
        Event::Text(text) => hr_event {
            text: string_out(text)?,
            ..bare(hr_event_kind::HR_EVENT_TEXT)
        },
        Event::Memory(state) => memory_out(&state),
        Event::Action(report) => hr_event {
            text: string_out(sentence(&report))?,
            ..action_event(&report)
        },
        Event::End(_) => bare(hr_event_kind::HR_EVENT_END),
    })
}

fn bare(kind: hr_event_kind) -> hr_event {
    hr_event {
        size: size_of::<hr_event>(),
        kind,
        reserved: 0,
        text: 0,
        done_tokens: 0,
        total_tokens: 0,
        action: hr_action::HR_ACTION_NONE,
        pressure: hr_pressure::HR_PRESSURE_LOW,
        action_value: 0,
        freed_bytes: HR_UNKNOWN,
        budget_bytes: HR_UNKNOWN,
        used_bytes: HR_UNKNOWN,
        available_bytes: HR_UNKNOWN,
        mlx_active_bytes: HR_UNKNOWN,
        mlx_cache_bytes: HR_UNKNOWN,
    }
}

fn memory_out(state: &MemoryState) -> hr_event {
    let known = |bytes: Option<u64>| bytes.unwrap_or(HR_UNKNOWN);
    hr_event {
        pressure: state.pressure.into(),
        budget_bytes: known(state.budget_bytes),
        used_bytes: known(state.used_bytes),
        available_bytes: known(state.available_bytes),
        mlx_active_bytes: known(state.mlx.map(|mlx| mlx.active_bytes)),
        mlx_cache_bytes: known(state.mlx.map(|mlx| mlx.cache_bytes)),
        ..bare(hr_event_kind::HR_EVENT_MEMORY)
    }
}

fn action_event(report: &ActionReport) -> hr_event {
    let (action, action_value) = action_out(report.decision.action);
    hr_event {
        action,
        action_value,
        pressure: report.decision.pressure.into(),
        freed_bytes: report.freed_bytes.unwrap_or(HR_UNKNOWN),
        ..bare(hr_event_kind::HR_EVENT_ACTION)
    }
}

#[cfg(test)]
mod tests {
    use headroom_memory::{Action, Decision, Pressure, PressureGauge, Reading, Reason};

    use super::*;

    #[test]
    fn an_action_tells_what_why_and_how_much() {
        let decision = Decision {
            action: Action::BoundKv { max_size: 512 },
            reason: Reason::Pressure(Pressure::High),
            pressure: Pressure::High,
        };
        let report = decision.done(None);
        let event = action_event(&report);
        assert_eq!(event.kind, hr_event_kind::HR_EVENT_ACTION);
        assert_eq!(event.action, hr_action::HR_ACTION_BOUND_KV);
        assert_eq!((event.action_value, event.freed_bytes), (512, HR_UNKNOWN));
        assert_eq!(event.pressure, hr_pressure::HR_PRESSURE_HIGH);
        assert_eq!(
            sentence(&report),
            "bound the KV cache to 512 tokens: pressure high"
        );
    }

    #[test]
    fn a_reading_that_the_system_does_not_give_is_unknown() {
        let state = MemoryState::new(Reading::default(), None, &mut PressureGauge::new());
        let event = memory_out(&state);
        assert_eq!(event.kind, hr_event_kind::HR_EVENT_MEMORY);
        assert_eq!(
            (event.budget_bytes, event.mlx_active_bytes),
            (HR_UNKNOWN, HR_UNKNOWN)
        );
        assert_eq!(event.action, hr_action::HR_ACTION_NONE);
    }
}
