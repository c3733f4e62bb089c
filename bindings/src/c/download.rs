//! Models by name: find or download one, and load it.

use std::ffi::{c_char, c_void};
use std::mem::offset_of;
use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::c::error::{hr_error, report};
use crate::c::model::hr_model;
use crate::c::output::Output;
use crate::c::string::{hr_string, string_out};
use crate::c::structs::{AnyBytes, SizeFirst, read_struct};
use crate::c::text::text_in;
use crate::fault::{Fault, FaultKind};
use crate::handles::handles;
use crate::named_models::{self, HubChoice, ModelProgress, Stage};

/// What a host says about the hub and the cache. What it leaves out is as the environment variables
/// of Hugging Face's own tools say: `HF_HUB_CACHE`, `HF_HOME`, `HF_ENDPOINT`, `HF_TOKEN`,
/// `HF_HUB_OFFLINE`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_hub_settings {
    /// `sizeof(hr_hub_settings)`, set by the host.
    pub size: usize,
    /// The directory where models are kept, in UTF-8; NULL for the usual one.
    pub cache_directory: *const c_char,
    /// Its length in bytes.
    pub cache_directory_length: usize,
    /// Lets gated models be read; NULL for that of the environment.
    pub token: *const c_char,
    /// Its length in bytes.
    pub token_length: usize,
    /// 1 to ask nothing of the network, 0 to do as the environment says.
    pub is_offline: u64,
}

// SAFETY: `repr(C)`, `size` first.
unsafe impl SizeFirst for hr_hub_settings {
    const NAME: &'static str = "hr_hub_settings";
    const FIRST_SIZE: usize = offset_of!(Self, is_offline) + size_of::<u64>();
}

// SAFETY: integers and raw pointers alone.
unsafe impl AnyBytes for hr_hub_settings {}

impl hr_hub_settings {
    const NONE: Self = Self {
        size: size_of::<Self>(),
        cache_directory: std::ptr::null(),
        cache_directory_length: 0,
        token: std::ptr::null(),
        token_length: 0,
        is_offline: 0,
    };

    /// # Safety
    /// Both texts are NULL or have as many readable bytes as their lengths say.
    unsafe fn into_owned(self) -> Result<HubChoice, Fault> {
        // SAFETY: the caller's own promise, for both.
        let (cache_directory, token) = unsafe {
            (
                text_in(
                    self.cache_directory,
                    self.cache_directory_length,
                    "cache_directory",
                )?,
                text_in(self.token, self.token_length, "token")?,
            )
        };
        let is_offline = match self.is_offline {
            0 => false,
            1 => true,
            other => {
                let message = format!("is_offline is {other}, but must be 0 or 1");
                return Err(Fault::new(FaultKind::InvalidParameter, message));
            }
        };
        Ok(HubChoice {
            cache_directory,
            token,
            is_offline,
        })
    }
}

/// What is being done to get a model.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum hr_model_stage {
    /// Its files come from the hub.
    HR_MODEL_STAGE_DOWNLOAD = 0,
    /// Its weights are read into memory.
    HR_MODEL_STAGE_LOAD = 1,
}

/// How far a stage has come.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_model_progress {
    /// `sizeof(hr_model_progress)` of the library; a host reads no field past it.
    pub size: usize,
    /// What is being done.
    pub stage: hr_model_stage,
    /// Always 0.
    pub reserved: u32,
    /// Bytes of this stage that are done.
    pub done_bytes: u64,
    /// Bytes of this stage; 0 while the hub is asked what there is.
    pub total_bytes: u64,
}

impl From<ModelProgress> for hr_model_progress {
    fn from(progress: ModelProgress) -> Self {
        Self {
            size: size_of::<Self>(),
            stage: match progress.stage {
                Stage::Download => hr_model_stage::HR_MODEL_STAGE_DOWNLOAD,
                Stage::Load => hr_model_stage::HR_MODEL_STAGE_LOAD,
            },
            reserved: 0,
            done_bytes: progress.done_bytes,
            total_bytes: progress.total_bytes,
        }
    }
}

/// Hears how far a download or a loading has come. Return 0 to go on; anything else stops it, and
/// what has been downloaded is kept for the next time.
///
/// It runs on the thread that made the call, with no lock held, so it may call any function of this
/// header. The progress is gone when it returns. It must return: no `longjmp`, no C++ exception.
pub type hr_model_progress_callback = Option<
    unsafe extern "C-unwind" fn(user_data: *mut c_void, progress: *const hr_model_progress) -> i32,
>;

/// The host's function for progress, and what it wants to be called with.
struct Observer {
    on_progress: hr_model_progress_callback,
    user_data: *mut c_void,
}

impl Observer {
    /// # Safety
    /// The host's function may still be called.
    unsafe fn tell(&self, progress: ModelProgress) -> ControlFlow<()> {
        let Some(on_progress) = self.on_progress else {
            return ControlFlow::Continue(());
        };
        let progress = hr_model_progress::from(progress);
        // SAFETY: the caller's own promise; the progress outlives the call.
        match unsafe { on_progress(self.user_data, &raw const progress) } {
            0 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }
}

/// A model's name and where to look for it.
///
/// # Safety
/// `name` is NULL or has `name_length` readable bytes; `settings` is NULL or has as many bytes as
/// its `size` says, and its texts as many as their lengths say.
unsafe fn request_in(
    name: *const c_char,
    name_length: usize,
    settings: *const hr_hub_settings,
) -> Result<(String, HubChoice), Fault> {
    // SAFETY: the caller's own promise, for all.
    unsafe {
        let name = text_in(name, name_length, "name")?;
        let settings = match settings.is_null() {
            true => hr_hub_settings::NONE,
            false => read_struct(settings, hr_hub_settings::NONE)?,
        };
        Ok((name, settings.into_owned()?))
    }
}

/// Gives the directory of a model by name: a directory is itself; a name of the registry, or
/// `owner/name` on the hub, is looked up in the cache and, if it is not complete there, downloaded,
/// each file verified by its checksum. Returns when it is all there. The host frees the string.
///
/// `settings` and `on_progress` may be NULL; `user_data` is passed on and never looked at. Stopped
/// by the callback, it fails with `HR_CANCELLED`; called again, it goes on from there.
///
/// # Safety
/// `name` is NULL or has `name_length` readable bytes of UTF-8. `settings` is NULL or has as many
/// bytes as its `size` says, and its texts as many as their lengths say. `on_progress` is NULL or a
/// function that may be called with `user_data` until this call returns. `directory` is NULL, which
/// is an error, or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_model_download(
    name: *const c_char,
    name_length: usize,
    settings: *const hr_hub_settings,
    on_progress: hr_model_progress_callback,
    user_data: *mut c_void,
    directory: *mut hr_string,
) -> *mut hr_error {
    report(|| {
        // SAFETY: all as promised by the host.
        let ((name, choice), output) = unsafe {
            (
                request_in(name, name_length, settings)?,
                Output::new(directory, "directory")?,
            )
        };
        let observer = Observer {
            on_progress,
            user_data,
        };
        // SAFETY: the host lets the function be called until the export returns.
        let mut tell = |progress| unsafe { observer.tell(progress) };
        let found = named_models::find(&name, &choice, &mut tell)?;
        output.write(string_out(path_text(found)?)?);
        Ok(())
    })
}

/// A directory from the environment may be no UTF-8, and what replaces it would be another one.
fn path_text(path: PathBuf) -> Result<String, Fault> {
    path.into_os_string().into_string().map_err(|path| {
        let path = path.display();
        let message =
            format!("the directory {path} is not UTF-8; set cache_directory to one that is");
        Fault::new(FaultKind::InvalidUtf8, message)
    })
}

/// Finds a model by name as `hr_model_download` does, downloading it if need be, and loads it.
///
/// # Safety
/// That of `hr_model_download`, with `model` in place of `directory`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_model_load_by_name(
    name: *const c_char,
    name_length: usize,
    settings: *const hr_hub_settings,
    on_progress: hr_model_progress_callback,
    user_data: *mut c_void,
    model: *mut hr_model,
) -> *mut hr_error {
    report(|| {
        // SAFETY: all as promised by the host.
        let ((name, choice), output) = unsafe {
            (
                request_in(name, name_length, settings)?,
                Output::new(model, "model")?,
            )
        };
        let observer = Observer {
            on_progress,
            user_data,
        };
        // SAFETY: the host lets the function be called until the export returns.
        let mut tell = |progress| unsafe { observer.tell(progress) };
        let loaded = named_models::load(&name, &choice, &mut tell)?;
        output.write(handles().insert(loaded)?);
        Ok(())
    })
}
