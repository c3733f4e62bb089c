//! Sessions: conversations that the library keeps.

use std::ffi::c_char;

use headroom_engine::{ChatSession, Model};

use crate::c::chat::hr_role;
use crate::c::error::{hr_error, report};
use crate::c::generation::hr_generation;
use crate::c::model::hr_model;
use crate::c::output::Output;
use crate::c::parameters::{hr_generate_parameters, parameters_in};
use crate::c::string::{hr_string, string_out};
use crate::c::text::text_in;
use crate::fault::{Fault, FaultKind};
use crate::handles::handles;
use crate::running::RunningGeneration;

/// Handle of a conversation with a model.
pub type hr_session = u64;

/// Begins a conversation. Empty `instructions` mean none; `parameters` may be NULL for the
/// defaults and hold for all answers. The session keeps the model loaded.
///
/// # Safety
/// `instructions` is NULL or has `instructions_length` readable bytes of UTF-8. `parameters` is
/// NULL or has as many bytes as its `size` says. `session` is NULL, which is an error, or can be
/// written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_session_create(
    model: hr_model,
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
        let model = handles().get::<Model>(model)?;
        parameters.validate()?;
        let instructions = Some(instructions).filter(|text| !text.is_empty());
        let created = ChatSession::new(Model::clone(&model), instructions, parameters);
        output.write(handles().insert(created)?);
        Ok(())
    })
}

/// Starts the answer to a text and returns at once. Text and answer become part of the conversation
/// when the host has pulled or heard the `HR_EVENT_END` of the generation; a generation that is
/// freed before leaves no trace.
///
/// # Safety
/// `text` is NULL or has `text_length` readable bytes of UTF-8. `generation` is NULL, which is an
/// error, or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_session_respond(
    session: hr_session,
    text: *const c_char,
    text_length: usize,
    generation: *mut hr_generation,
) -> *mut hr_error {
    report(|| {
        // SAFETY: both as promised by the host.
        let (text, output) = unsafe {
            (
                text_in(text, text_length, "text")?,
                Output::new(generation, "generation")?,
            )
        };
        let reply = handles().get::<ChatSession>(session)?.respond(&text)?;
        output.write(handles().insert(RunningGeneration::from(reply))?);
        Ok(())
    })
}

/// Tells how many messages the conversation has, its instructions included.
///
/// # Safety
/// `count` is NULL, which is an error, or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_session_count_messages(
    session: hr_session,
    count: *mut usize,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { Output::new(count, "count") }?;
        let session = handles().get::<ChatSession>(session)?;
        output.write(session.messages().len());
        Ok(())
    })
}

/// Gives one message of the conversation, the oldest at index 0. The host frees the string.
///
/// # Safety
/// `role` and `content` are NULL, which is an error, or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_session_get_message(
    session: hr_session,
    index: usize,
    role: *mut hr_role,
    content: *mut hr_string,
) -> *mut hr_error {
    report(|| {
        // SAFETY: both as promised by the host.
        let (role, output) =
            unsafe { (Output::new(role, "role")?, Output::new(content, "content")?) };
        let messages = handles().get::<ChatSession>(session)?.messages();
        let count = messages.len();
        let message = messages.into_iter().nth(index).ok_or_else(|| {
            let message = format!("index is {index}, but the conversation has {count} messages");
            Fault::new(FaultKind::InvalidParameter, message)
        })?;
        output.write(string_out(message.content)?);
        role.write(message.role.into());
        Ok(())
    })
}

/// Forgets everything but the instructions.
#[unsafe(no_mangle)]
pub extern "C" fn hr_session_reset(session: hr_session) -> *mut hr_error {
    report(|| {
        handles().get::<ChatSession>(session)?.reset();
        Ok(())
    })
}

/// Frees a session. An answer that is under way goes on.
#[unsafe(no_mangle)]
pub extern "C" fn hr_session_free(session: hr_session) -> *mut hr_error {
    report(|| {
        drop(handles().remove::<ChatSession>(session)?);
        Ok(())
    })
}
