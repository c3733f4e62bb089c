//! Text on its way out: owned by the library until the host frees it.

use std::ffi::c_char;

use crate::c::error::{hr_error, report};
use crate::c::output::Output;
use crate::fault::Fault;
use crate::handles::{Held, Kind, handles};

/// Handle of a text that the library owns. 0 stands for no text.
pub type hr_string = u64;

/// UTF-8 with a zero byte behind it.
struct HeldString(Box<[u8]>);

impl Held for HeldString {
    const KIND: Kind = Kind::String;
}

pub(super) fn string_out(text: String) -> Result<hr_string, Fault> {
    let mut bytes = text.into_bytes();
    bytes.push(0);
    Ok(handles().insert(HeldString(bytes.into_boxed_slice()))?)
}

/// Gives the text behind a handle: UTF-8, `*length` bytes, and a zero byte behind them that does
/// not count. `*text` stays valid until the string is freed.
///
/// # Safety
/// `text` and `length` are NULL, which is an error, or can be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_string_get(
    string: hr_string,
    text: *mut *const c_char,
    length: *mut usize,
) -> *mut hr_error {
    report(|| {
        // SAFETY: both as promised by the host.
        let (text, length) =
            unsafe { (Output::new(text, "text")?, Output::new(length, "length")?) };
        // The table keeps the bytes until `hr_string_free`.
        let held = handles().get::<HeldString>(string)?;
        text.write(held.0.as_ptr().cast());
        length.write(held.0.len() - 1);
        Ok(())
    })
}

/// Frees a string. What `hr_string_get` gave for it is gone with it.
#[unsafe(no_mangle)]
pub extern "C" fn hr_string_free(string: hr_string) -> *mut hr_error {
    report(|| {
        drop(handles().remove::<HeldString>(string)?);
        Ok(())
    })
}
