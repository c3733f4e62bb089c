//! Events of a generation, as C sees them.

use std::ffi::c_void;
use std::mem::offset_of;

use headroom_engine::Event;

use crate::c::string::{hr_string, string_out};
use crate::c::structs::SizeFirst;
use crate::fault::Fault;

/// What happened.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum hr_event_kind {
    /// A chunk of the prompt has been computed: `done_tokens` of `total_tokens`.
    HR_EVENT_PREFILL = 1,
    /// More of the answer, in `text`; whole characters only.
    HR_EVENT_TEXT = 2,
    /// The last event; `hr_generation_get_summary` now has the figures.
    HR_EVENT_END = 3,
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
    /// With `HR_EVENT_TEXT`: the text. Else 0.
    pub text: hr_string,
    /// With `HR_EVENT_PREFILL`: prompt tokens computed so far. Else 0.
    pub done_tokens: u64,
    /// With `HR_EVENT_PREFILL`: prompt tokens there are. Else 0.
    pub total_tokens: u64,
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
    let bare = |kind| hr_event {
        size: size_of::<hr_event>(),
        kind,
        reserved: 0,
        text: 0,
        done_tokens: 0,
        total_tokens: 0,
    };
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
        Event::End(_) => bare(hr_event_kind::HR_EVENT_END),
    })
}
