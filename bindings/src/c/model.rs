//! Models: load with progress, look at, free.

use std::ffi::{c_char, c_void};
use std::mem::offset_of;
use std::ops::ControlFlow;
use std::path::Path;

use headroom_engine::{LoadProgress, Model};

use crate::c::error::{hr_error, report};
use crate::c::output::Output;
use crate::c::structs::{SizeFirst, StructOutput};
use crate::c::text::text_in;
use crate::c::version::HR_UNKNOWN;
use crate::handles::handles;

/// Handle of a loaded model.
pub type hr_model = u64;

/// Hears how far loading has come. Return 0 to go on; anything else stops the loading.
///
/// It runs on the thread that called `hr_model_load`, with no lock held, so it may call any
/// function of this header. It must return: no `longjmp`, no C++ exception.
pub type hr_progress_callback = Option<
    unsafe extern "C-unwind" fn(user_data: *mut c_void, read_bytes: u64, total_bytes: u64) -> i32,
>;

/// Loads the model in a directory (Hugging Face layout) and gives its handle. Returns when it is
/// loaded; stopped by the callback, it fails with `HR_CANCELLED`.
///
/// `on_progress` may be NULL. `user_data` is passed on to it and never looked at.
///
/// # Safety
/// `path` is NULL or has `path_length` readable bytes of UTF-8. `model` is NULL, which is an
/// error, or can be written to. `on_progress` is NULL or a function that may be called with
/// `user_data` until this call returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_model_load(
    path: *const c_char,
    path_length: usize,
    on_progress: hr_progress_callback,
    user_data: *mut c_void,
    model: *mut hr_model,
) -> *mut hr_error {
    report(|| {
        // SAFETY: both as promised by the host.
        let (path, output) = unsafe {
            (
                text_in(path, path_length, "path")?,
                Output::new(model, "model")?,
            )
        };
        let loaded = Model::load(Path::new(&path), |progress: LoadProgress| {
            // SAFETY: the host lets this function be called until the export returns.
            let answer = on_progress.map_or(0, |on_progress| unsafe {
                on_progress(user_data, progress.read_bytes, progress.total_bytes)
            });
            match answer {
                0 => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            }
        })?;
        output.write(handles().insert(loaded)?);
        Ok(())
    })
}

/// What is known of a loaded model.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_model_info {
    /// `sizeof(hr_model_info)`, set by the host.
    pub size: usize,
    /// Decoder blocks.
    pub layers: u64,
    /// Token ids that the model has.
    pub vocabulary_size: u64,
    /// The longest sequence it was made for; `HR_UNKNOWN` where its configuration does not say.
    pub context_length: u64,
    /// 1 if conversations can be put to it, else 0.
    pub has_chat_template: u64,
}

// SAFETY: `repr(C)`, `size` first.
unsafe impl SizeFirst for hr_model_info {
    const NAME: &'static str = "hr_model_info";
    const FIRST_SIZE: usize = offset_of!(Self, has_chat_template) + size_of::<u64>();
}

impl From<&Model> for hr_model_info {
    fn from(model: &Model) -> Self {
        let shape = model.shape();
        Self {
            size: size_of::<Self>(),
            layers: shape.layers.len() as u64,
            vocabulary_size: shape.vocabulary_size.into(),
            context_length: shape.context_length.map_or(HR_UNKNOWN, u64::from),
            has_chat_template: model.has_chat_template().into(),
        }
    }
}

/// Tells what is known of a loaded model.
///
/// # Safety
/// `info` is NULL, which is an error, or has as many bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_model_get_info(
    model: hr_model,
    info: *mut hr_model_info,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { StructOutput::new(info) }?;
        output.write(handles().get::<Model>(model)?.as_ref().into());
        Ok(())
    })
}

/// Frees a model. Sessions and generations that use it go on; the weights leave memory when the
/// last of them is gone.
#[unsafe(no_mangle)]
pub extern "C" fn hr_model_free(model: hr_model) -> *mut hr_error {
    report(|| {
        drop(handles().remove::<Model>(model)?);
        Ok(())
    })
}
