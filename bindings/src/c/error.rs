//! Errors as C sees them: NULL for success, else an object with a stable number and a sentence.

use std::ffi::{CStr, CString, c_char};
use std::sync::Arc;

use crate::fault::{Fault, FaultKind};
use crate::guard::{guarded, guarded_or};
use crate::handles::{Held, Kind, handles};

/// Why a call failed. The numbers never change; new ones may be added.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum hr_code {
    /// Success; never the code of an error that was returned.
    HR_OK = 0,
    /// A fault inside the library, caught at its border. Worth a report.
    HR_INTERNAL = 1,
    /// A pointer that must not be NULL was.
    HR_NULL_POINTER = 2,
    /// A handle is 0, was freed, is of another kind or was never issued.
    HR_INVALID_HANDLE = 3,
    /// Too many handles are in use.
    HR_HANDLES_EXHAUSTED = 4,
    /// Text is not UTF-8.
    HR_INVALID_UTF8 = 5,
    /// The `size` of a struct is not one that it ever had, or will have.
    HR_INVALID_STRUCT_SIZE = 6,
    /// A value is out of its range.
    HR_INVALID_PARAMETER = 7,
    /// The system refused to open or read a file.
    HR_FILE_UNREADABLE = 8,
    /// A model's files are malformed or do not agree with each other.
    HR_MODEL_FILES = 9,
    /// The model's family is not one that this version knows.
    HR_UNKNOWN_FAMILY = 10,
    /// The tokenizer cannot be used, or not with these weights.
    HR_TOKENIZER = 11,
    /// The chat template could not be applied.
    HR_CHAT_TEMPLATE = 12,
    /// A conversation was asked of a model without a chat template.
    HR_NO_CHAT_TEMPLATE = 13,
    /// There is nothing to continue.
    HR_PROMPT_EMPTY = 14,
    /// The prompt leaves no room for an answer in the model's context.
    HR_PROMPT_TOO_LONG = 15,
    /// The host stopped it.
    HR_CANCELLED = 16,
    /// MLX could not carry out a computation.
    HR_COMPUTATION = 17,
    /// Memory could not be had.
    HR_OUT_OF_MEMORY = 18,
    /// The system does not tell its memory figures.
    HR_MEMORY_UNREADABLE = 19,
    /// A fault ended the work that a call was waiting for.
    HR_INTERRUPTED = 20,
    /// The model went while it was needed.
    HR_MODEL_UNLOADED = 21,
    /// The generation has no further event, or has not ended yet where its end is needed.
    HR_WRONG_GENERATION_STATE = 22,
    /// There is no room for the model, or for any.
    HR_DOES_NOT_FIT = 23,
    /// A name stands for no model, here or on the hub.
    HR_UNKNOWN_MODEL = 24,
    /// The model is not in the cache, and downloading is off.
    HR_NOT_CACHED = 25,
    /// The hub cannot be reached or wants to be asked later. What has arrived is kept.
    HR_HUB_UNAVAILABLE = 26,
    /// The hub does not let this user have the model: it is gated or private.
    HR_HUB_DENIED = 27,
    /// What the hub answers breaks a rule; nothing of it entered the cache.
    HR_HUB_ANSWER = 28,
    /// The disk has no room for the download.
    HR_DISK_FULL = 29,
    /// Another program downloads the same file.
    HR_DOWNLOAD_BUSY = 30,
    /// A paused generation could not be kept on disk or brought back.
    HR_SPILL_FAILED = 31,
    /// A schema or pattern for the output cannot be used.
    HR_INVALID_CONSTRAINT = 32,
    /// A constraint on the output could not be followed to its end.
    HR_CONSTRAINT_FAILED = 33,
    /// A file is no prompt cache, a damaged one, or one of another model or version.
    HR_CACHE_FILE = 34,
    /// A prompt cache could not be written.
    HR_CACHE_NOT_WRITTEN = 35,
    /// A prompt cache or a draft model does not belong to the model.
    HR_ANOTHER_MODEL = 36,
}

impl From<FaultKind> for hr_code {
    fn from(kind: FaultKind) -> Self {
        match kind {
            FaultKind::Internal => Self::HR_INTERNAL,
            FaultKind::NullPointer => Self::HR_NULL_POINTER,
            FaultKind::InvalidHandle => Self::HR_INVALID_HANDLE,
            FaultKind::HandlesExhausted => Self::HR_HANDLES_EXHAUSTED,
            FaultKind::InvalidUtf8 => Self::HR_INVALID_UTF8,
            FaultKind::InvalidStructSize => Self::HR_INVALID_STRUCT_SIZE,
            FaultKind::InvalidParameter => Self::HR_INVALID_PARAMETER,
            FaultKind::FileUnreadable => Self::HR_FILE_UNREADABLE,
            FaultKind::ModelFiles => Self::HR_MODEL_FILES,
            FaultKind::UnknownFamily => Self::HR_UNKNOWN_FAMILY,
            FaultKind::Tokenizer => Self::HR_TOKENIZER,
            FaultKind::ChatTemplate => Self::HR_CHAT_TEMPLATE,
            FaultKind::NoChatTemplate => Self::HR_NO_CHAT_TEMPLATE,
            FaultKind::PromptEmpty => Self::HR_PROMPT_EMPTY,
            FaultKind::PromptTooLong => Self::HR_PROMPT_TOO_LONG,
            FaultKind::Cancelled => Self::HR_CANCELLED,
            FaultKind::Computation => Self::HR_COMPUTATION,
            FaultKind::OutOfMemory => Self::HR_OUT_OF_MEMORY,
            FaultKind::MemoryUnreadable => Self::HR_MEMORY_UNREADABLE,
            FaultKind::Interrupted => Self::HR_INTERRUPTED,
            FaultKind::ModelUnloaded => Self::HR_MODEL_UNLOADED,
            FaultKind::WrongGenerationState => Self::HR_WRONG_GENERATION_STATE,
            FaultKind::DoesNotFit => Self::HR_DOES_NOT_FIT,
            FaultKind::UnknownModel => Self::HR_UNKNOWN_MODEL,
            FaultKind::NotCached => Self::HR_NOT_CACHED,
            FaultKind::HubUnavailable => Self::HR_HUB_UNAVAILABLE,
            FaultKind::HubDenied => Self::HR_HUB_DENIED,
            FaultKind::HubAnswer => Self::HR_HUB_ANSWER,
            FaultKind::DiskFull => Self::HR_DISK_FULL,
            FaultKind::DownloadBusy => Self::HR_DOWNLOAD_BUSY,
            FaultKind::SpillFailed => Self::HR_SPILL_FAILED,
            FaultKind::InvalidConstraint => Self::HR_INVALID_CONSTRAINT,
            FaultKind::ConstraintFailed => Self::HR_CONSTRAINT_FAILED,
            FaultKind::CacheFile => Self::HR_CACHE_FILE,
            FaultKind::CacheNotWritten => Self::HR_CACHE_NOT_WRITTEN,
            FaultKind::AnotherModel => Self::HR_ANOTHER_MODEL,
        }
    }
}

/// Why a call failed; NULL means that it did not. The pointer is a handle in disguise: there is
/// nothing to read behind it, and one that was freed is recognised.
pub struct hr_error {
    _nothing_to_read: (),
}

#[cfg(not(target_pointer_width = "64"))]
compile_error!("an hr_error pointer carries a 64-bit handle; this system's pointers are too short");

struct HeldError {
    code: hr_code,
    message: CString,
}

impl Held for HeldError {
    const KIND: Kind = Kind::Error;
}

/// Stands for "no handle was left for the error itself". No issued handle has generation 0.
const NO_HANDLE_LEFT: u64 = (Kind::Error as u64) << 56;

/// Runs an export's body inside the guard and turns its failure into an error for the host.
pub(super) fn report(body: impl FnOnce() -> Result<(), Fault>) -> *mut hr_error {
    match guarded(body) {
        Ok(()) => std::ptr::null_mut(),
        Err(fault) => into_pointer(fault),
    }
}

fn into_pointer(fault: Fault) -> *mut hr_error {
    let id = guarded(|| Ok(handles().insert(HeldError::from(fault))?));
    std::ptr::without_provenance_mut(id.unwrap_or(NO_HANDLE_LEFT) as usize)
}

impl From<Fault> for HeldError {
    fn from(fault: Fault) -> Self {
        // A path or text in the message may hold a zero, which would end it early.
        let message = fault.message.replace('\0', "\u{fffd}");
        Self {
            code: fault.kind.into(),
            message: CString::new(message).unwrap_or_default(),
        }
    }
}

/// What an `hr_error *` stands for.
enum Meaning {
    Success,
    Failure(Arc<HeldError>),
    NoHandleLeft,
    NotAnError,
}

fn meaning(error: *const hr_error) -> Meaning {
    match error.addr() as u64 {
        0 => Meaning::Success,
        NO_HANDLE_LEFT => Meaning::NoHandleLeft,
        id => handles()
            .get(id)
            .map_or(Meaning::NotAnError, Meaning::Failure),
    }
}

/// The number of an error; `HR_OK` for NULL, `HR_INVALID_HANDLE` for one that was freed.
#[unsafe(no_mangle)]
pub extern "C" fn hr_error_code(error: *const hr_error) -> hr_code {
    guarded_or(hr_code::HR_INTERNAL, || match meaning(error) {
        Meaning::Success => hr_code::HR_OK,
        Meaning::Failure(error) => error.code,
        Meaning::NoHandleLeft => hr_code::HR_HANDLES_EXHAUSTED,
        Meaning::NotAnError => hr_code::HR_INVALID_HANDLE,
    })
}

/// What happened, where, and what to do, as one sentence in UTF-8 that ends with a zero byte.
/// Never NULL. Valid until the error is freed.
#[unsafe(no_mangle)]
pub extern "C" fn hr_error_message(error: *const hr_error) -> *const c_char {
    let fallback = c"an internal fault hid this message".as_ptr();
    guarded_or(fallback, || match meaning(error) {
        Meaning::Success => c"success".as_ptr(),
        // The table keeps the message until `hr_error_free`.
        Meaning::Failure(error) => error.message.as_ptr(),
        Meaning::NoHandleLeft => no_handle_left().as_ptr(),
        Meaning::NotAnError => c"this error was freed, or never returned by this library".as_ptr(),
    })
}

fn no_handle_left() -> &'static CStr {
    c"no further handle can be issued; free handles that are no longer needed"
}

/// Frees an error. NULL, and one that was freed before, are left alone.
#[unsafe(no_mangle)]
pub extern "C" fn hr_error_free(error: *mut hr_error) {
    guarded_or((), || {
        // What is no error, or no longer one, has nothing to free.
        drop(handles().remove::<HeldError>(error.addr() as u64));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(message: &str) -> *mut hr_error {
        let message = message.to_owned();
        report(|| Err(Fault::new(FaultKind::Cancelled, message)))
    }

    fn message(error: *const hr_error) -> String {
        // SAFETY: the pointer that `hr_error_message` returns ends with a zero byte, and nobody
        // frees the error before this returns.
        let text = unsafe { CStr::from_ptr(hr_error_message(error)) };
        text.to_str().unwrap().to_owned()
    }

    #[test]
    fn success_is_null() {
        assert!(report(|| Ok(())).is_null());
        assert_eq!(hr_error_code(std::ptr::null()), hr_code::HR_OK);
    }

    #[test]
    fn an_error_has_code_and_message_until_it_is_freed() {
        let error = failing("stopped at byte \0 of it");
        assert_eq!(hr_error_code(error), hr_code::HR_CANCELLED);
        assert_eq!(message(error), "stopped at byte \u{fffd} of it");
        hr_error_free(error);
        hr_error_free(error);
        assert_eq!(hr_error_code(error), hr_code::HR_INVALID_HANDLE);
        assert!(message(error).contains("freed"));
    }

    #[test]
    fn a_panic_is_an_internal_error() {
        let error = crate::c::test::hr_test_panic();
        assert_eq!(hr_error_code(error), hr_code::HR_INTERNAL);
        assert!(message(error).contains("hr_test_panic"));
        hr_error_free(error);
    }

    #[test]
    fn an_error_without_a_handle_of_its_own_still_tells() {
        let error = std::ptr::without_provenance_mut(NO_HANDLE_LEFT as usize);
        assert_eq!(hr_error_code(error), hr_code::HR_HANDLES_EXHAUSTED);
        assert!(message(error).contains("free handles"));
        hr_error_free(error);
        assert_eq!(hr_error_code(error), hr_code::HR_HANDLES_EXHAUSTED);
    }
}
