//! Caches and conversations on disk.

use std::ffi::c_char;
use std::path::Path;

use headroom_engine::{ChatSession, Model, PromptCache};

use crate::c::cache::hr_cache;
use crate::c::error::{hr_error, report};
use crate::c::model::hr_model;
use crate::c::output::Output;
use crate::c::parameters::{hr_generate_parameters, parameters_in};
use crate::c::session::hr_session;
use crate::c::text::text_in;
use crate::handles::handles;

/// Writes a cache to a file, whole or not at all.
///
/// # Safety
/// `path` is NULL or has `path_length` readable bytes of UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_cache_save(
    cache: hr_cache,
    path: *const c_char,
    path_length: usize,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let path = unsafe { text_in(path, path_length, "path") }?;
        Ok(handles()
            .get::<PromptCache>(cache)?
            .save(Path::new(&path))?)
    })
}

/// Reads a cache that was saved with the same model. A damaged file, one of another version or one of
/// another model fails with `HR_CACHE_FILE`.
///
/// # Safety
/// `path` is NULL or has `path_length` readable bytes of UTF-8. `cache` is NULL, which is an error, or
/// can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_cache_load(
    model: hr_model,
    path: *const c_char,
    path_length: usize,
    cache: *mut hr_cache,
) -> *mut hr_error {
    report(|| {
        // SAFETY: both as promised by the host.
        let (path, output) = unsafe {
            (
                text_in(path, path_length, "path")?,
                Output::new(cache, "cache")?,
            )
        };
        let model = handles().get::<Model>(model)?;
        output.write(handles().insert(PromptCache::load(&model, Path::new(&path))?)?);
        Ok(())
    })
}

/// Writes a conversation, with what the model has seen of it, to a file, whole or not at all.
///
/// # Safety
/// `path` is NULL or has `path_length` readable bytes of UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_session_save(
    session: hr_session,
    path: *const c_char,
    path_length: usize,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let path = unsafe { text_in(path, path_length, "path") }?;
        let session = handles().get::<ChatSession>(session)?;
        Ok(session.save(Path::new(&path))?)
    })
}

/// Goes on with a saved conversation as if it had never ended. How keys and values are kept is as it
/// was then; `parameters`, which may be NULL, say all else.
///
/// # Safety
/// `path` is NULL or has `path_length` readable bytes of UTF-8. `parameters` is NULL or has as many
/// bytes as its `size` says. `session` is NULL, which is an error, or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_session_load(
    model: hr_model,
    path: *const c_char,
    path_length: usize,
    parameters: *const hr_generate_parameters,
    session: *mut hr_session,
) -> *mut hr_error {
    report(|| {
        // SAFETY: all as promised by the host.
        let (path, parameters, output) = unsafe {
            (
                text_in(path, path_length, "path")?,
                parameters_in(parameters)?,
                Output::new(session, "session")?,
            )
        };
        let model = handles().get::<Model>(model)?;
        let loaded = ChatSession::load(&model, Path::new(&path), parameters)?;
        output.write(handles().insert(loaded)?);
        Ok(())
    })
}
