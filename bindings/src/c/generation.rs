//! Generations: start, pull or hear their events, cancel, free.

use std::ffi::{c_char, c_void};

use headroom_engine::{Event, GenerateParameters, Generation, Model, Prompt};

use crate::c::error::{hr_error, report};
use crate::c::event::{event_out, hr_event, hr_event_callback};
use crate::c::model::hr_model;
use crate::c::output::{Output, null};
use crate::c::parameters::{hr_generate_parameters, parameters_in};
use crate::c::string::hr_string_free;
use crate::c::structs::StructOutput;
use crate::c::summary::hr_generation_summary;
use crate::c::text::text_in;
use crate::fault::{Fault, FaultKind};
use crate::handles::handles;
use crate::running::RunningGeneration;

/// Handle of a generation under way, or of one that has ended and can still tell its figures.
pub type hr_generation = u64;

/// A plain prompt and its parameters, as owned values.
///
/// # Safety
/// `prompt` is NULL or has `prompt_length` readable bytes; `parameters` is as
/// [`parameters_in`] wants it.
pub(super) unsafe fn request_in(
    prompt: *const c_char,
    prompt_length: usize,
    parameters: *const hr_generate_parameters,
) -> Result<(Prompt, GenerateParameters), Fault> {
    // SAFETY: the caller's own promise, for both.
    unsafe {
        let text = text_in(prompt, prompt_length, "prompt")?;
        Ok((Prompt::Text(text), parameters_in(parameters)?))
    }
}

pub(super) fn start(
    model: hr_model,
    prompt: &Prompt,
    parameters: &GenerateParameters,
) -> Result<Generation, Fault> {
    let model = handles().get::<Model>(model)?;
    Ok(model.generate(prompt, parameters)?)
}

/// Starts to continue a plain text and returns at once. `parameters` may be NULL for the defaults.
///
/// # Safety
/// `prompt` is NULL or has `prompt_length` readable bytes of UTF-8. `parameters` is NULL or has as
/// many bytes as its `size` says. `generation` is NULL, which is an error, or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_generate(
    model: hr_model,
    prompt: *const c_char,
    prompt_length: usize,
    parameters: *const hr_generate_parameters,
    generation: *mut hr_generation,
) -> *mut hr_error {
    report(|| {
        // SAFETY: both as promised by the host.
        let (request, output) = unsafe {
            (
                request_in(prompt, prompt_length, parameters)?,
                Output::new(generation, "generation")?,
            )
        };
        let started = start(model, &request.0, &request.1)?;
        output.write(handles().insert(RunningGeneration::from(started))?);
        Ok(())
    })
}

/// Waits for the next event of a generation. The host frees the event's text.
///
/// Every generation ends with one `HR_EVENT_END` or one error; a call after that fails with
/// `HR_WRONG_GENERATION_STATE`. Threads that pull from the same generation each get some of its
/// events.
///
/// # Safety
/// `event` is NULL, which is an error, or has as many bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_generation_next(
    generation: hr_generation,
    event: *mut hr_event,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { StructOutput::new(event) }?;
        let generation = handles().get::<RunningGeneration>(generation)?;
        let next = generation.next()?.ok_or_else(has_ended)?;
        output.write(event_out(next)?);
        Ok(())
    })
}

fn has_ended() -> Fault {
    let message = "the generation has ended and has no further event; start a new one";
    Fault::new(FaultKind::WrongGenerationState, message)
}

/// Calls `on_event` with every event of a generation, on this thread, until it has ended.
///
/// # Safety
/// `on_event` is NULL, which is an error, or a function that may be called with `user_data` until
/// this call returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_generation_run(
    generation: hr_generation,
    on_event: hr_event_callback,
    user_data: *mut c_void,
) -> *mut hr_error {
    report(|| {
        let listener = Listener::new(on_event, user_data)?;
        let generation = handles().get::<RunningGeneration>(generation)?;
        // SAFETY: the host lets the function be called until the export returns.
        unsafe { listener.hear(&generation) }
    })
}

/// Continues a plain text and calls `on_event` with every event, on this thread. Returns when the
/// generation has ended, also when the callback cancelled it. `parameters` and `summary` may be
/// NULL.
///
/// # Safety
/// `prompt` is NULL or has `prompt_length` readable bytes of UTF-8. `parameters` and `summary` are
/// NULL or have as many bytes as their `size` says. `on_event` is NULL, which is an error, or a
/// function that may be called with `user_data` until this call returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_generate_with_callback(
    model: hr_model,
    prompt: *const c_char,
    prompt_length: usize,
    parameters: *const hr_generate_parameters,
    on_event: hr_event_callback,
    user_data: *mut c_void,
    summary: *mut hr_generation_summary,
) -> *mut hr_error {
    report(|| {
        let listener = Listener::new(on_event, user_data)?;
        // SAFETY: as promised by the host.
        let request = unsafe { request_in(prompt, prompt_length, parameters) }?;
        let output = match summary.is_null() {
            true => None,
            // SAFETY: as promised by the host.
            false => Some(unsafe { StructOutput::new(summary) }?),
        };
        let generation = RunningGeneration::from(start(model, &request.0, &request.1)?);
        // SAFETY: the host lets the function be called until the export returns.
        unsafe { listener.hear(&generation) }?;
        if let (Some(output), Some(summary)) = (output, generation.summary()) {
            output.write(summary.into());
        }
        Ok(())
    })
}

/// The host's function for events, and what it wants to be called with.
struct Listener {
    on_event: unsafe extern "C-unwind" fn(*mut c_void, *const hr_event) -> i32,
    user_data: *mut c_void,
}

impl Listener {
    fn new(on_event: hr_event_callback, user_data: *mut c_void) -> Result<Self, Fault> {
        let on_event = on_event.ok_or_else(|| null("on_event"))?;
        Ok(Self {
            on_event,
            user_data,
        })
    }

    /// Passes on every event up to the last.
    ///
    /// # Safety
    /// The host's function may still be called.
    unsafe fn hear(&self, generation: &RunningGeneration) -> Result<(), Fault> {
        while let Some(event) = generation.next()? {
            // SAFETY: the caller's own promise.
            if unsafe { self.pass_on(event) }? != 0 {
                generation.cancel();
            }
        }
        Ok(())
    }

    /// # Safety
    /// That of [`Self::hear`].
    unsafe fn pass_on(&self, event: Event) -> Result<i32, Fault> {
        let event = event_out(event)?;
        // SAFETY: the caller's own promise; the event outlives the call.
        let answer = unsafe { (self.on_event)(self.user_data, &raw const event) };
        if event.text != 0 {
            // A host that freed the text itself has broken a rule and harmed nobody.
            crate::c::error::hr_error_free(hr_string_free(event.text));
        }
        Ok(answer)
    }
}

/// Ends a generation before its next step; `HR_EVENT_END` then says that it was cancelled. Returns
/// at once, may be called from any thread and any callback, and does nothing to a generation that
/// has ended.
#[unsafe(no_mangle)]
pub extern "C" fn hr_generation_cancel(generation: hr_generation) -> *mut hr_error {
    report(|| {
        handles().get::<RunningGeneration>(generation)?.cancel();
        Ok(())
    })
}

/// Frees a generation, cancelling it if it is under way. A thread that waits for one of its events
/// gets the end.
#[unsafe(no_mangle)]
pub extern "C" fn hr_generation_free(generation: hr_generation) -> *mut hr_error {
    report(|| {
        handles().remove::<RunningGeneration>(generation)?.cancel();
        Ok(())
    })
}
