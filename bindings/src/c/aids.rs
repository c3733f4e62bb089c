//! What a generation or a session may use beside its model: a cache, and a draft model.

use std::ffi::c_char;

use headroom_engine::{ChatSession, DraftModel, GenerationAids, Model, PromptCache};

use crate::c::cache::hr_cache;
use crate::c::error::{hr_error, report};
use crate::c::generation::{hr_generation, request_in};
use crate::c::model::hr_model;
use crate::c::output::Output;
use crate::c::parameters::{hr_generate_parameters, parameters_in};
use crate::c::session::hr_session;
use crate::c::text::text_in;
use crate::fault::Fault;
use crate::handles::handles;
use crate::running::RunningGeneration;

fn draft_in(
    target: &Model,
    draft: hr_model,
    draft_tokens: u32,
) -> Result<Option<DraftModel>, Fault> {
    if draft == 0 {
        return Ok(None);
    }
    let draft = handles().get::<Model>(draft)?;
    Ok(Some(DraftModel::new(target, &draft, draft_tokens)?))
}

/// As `hr_generate`, from what `cache` has seen of the prompt, and with a small model that proposes
/// `draft_tokens` (1 to 16) at a time. Each may be 0 for none. Neither changes what is generated; the
/// cache's settings hold instead of the parameters'. A draft that reads text as other tokens fails with
/// `HR_ANOTHER_MODEL`.
///
/// # Safety
/// As for `hr_generate`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_generate_with(
    model: hr_model,
    cache: hr_cache,
    draft: hr_model,
    draft_tokens: u32,
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
        let model = handles().get::<Model>(model)?;
        let cache = match cache {
            0 => None,
            cache => Some(handles().get::<PromptCache>(cache)?.as_ref().clone()),
        };
        let aids = GenerationAids {
            cache,
            draft: draft_in(&model, draft, draft_tokens)?,
        };
        let started = model.generate_with(&request.0, &request.1, &aids)?;
        output.write(handles().insert(RunningGeneration::from(started))?);
        Ok(())
    })
}

/// Begins a conversation that keeps what the model has seen in `cache`. Empty `instructions` mean none;
/// `parameters` may be NULL for the defaults and hold for all answers.
///
/// # Safety
/// As for `hr_session_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_session_create_with_cache(
    cache: hr_cache,
    instructions: *const c_char,
    instructions_length: usize,
    parameters: *const hr_generate_parameters,
    session: *mut hr_session,
) -> *mut hr_error {
    report(|| {
        // SAFETY: all as promised by the host.
        let (instructions, parameters, output) = unsafe {
            (
                text_in(instructions, instructions_length, "instructions")?,
                parameters_in(parameters)?,
                Output::new(session, "session")?,
            )
        };
        let cache = handles().get::<PromptCache>(cache)?;
        parameters.validate()?;
        let created = ChatSession::with_cache(cache.as_ref().clone(), parameters);
        created.set_instructions(Some(instructions).filter(|text| !text.is_empty()));
        output.write(handles().insert(created)?);
        Ok(())
    })
}

/// Gives a handle of the cache that a conversation keeps. The host frees it.
///
/// # Safety
/// `cache` is NULL, which is an error, or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_session_get_cache(
    session: hr_session,
    cache: *mut hr_cache,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { Output::new(cache, "cache") }?;
        let session = handles().get::<ChatSession>(session)?;
        output.write(handles().insert(session.cache().clone())?);
        Ok(())
    })
}

/// Lets a small model propose `draft_tokens` (1 to 16) at a time for the answers to come; a `draft` of
/// 0 lets none.
#[unsafe(no_mangle)]
pub extern "C" fn hr_session_set_draft(
    session: hr_session,
    draft: hr_model,
    draft_tokens: u32,
) -> *mut hr_error {
    report(|| {
        let session = handles().get::<ChatSession>(session)?;
        let draft = draft_in(session.cache().model(), draft, draft_tokens)?;
        session.set_draft(draft);
        Ok(())
    })
}

/// Forgets everything and begins again under other instructions; empty ones mean none.
///
/// # Safety
/// `instructions` is NULL or has `instructions_length` readable bytes of UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_session_set_instructions(
    session: hr_session,
    instructions: *const c_char,
    instructions_length: usize,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let instructions = unsafe { text_in(instructions, instructions_length, "instructions") }?;
        let session = handles().get::<ChatSession>(session)?;
        session.set_instructions(Some(instructions).filter(|text| !text.is_empty()));
        Ok(())
    })
}
