//! Text on its way in: pointer and length, checked and copied before anything else happens.

use crate::fault::{Fault, FaultKind};

/// Copies the text that C passed as `name`. NULL with length 0 is empty.
///
/// # Errors
/// NULL with another length, a length that no text can have, and bytes that are not UTF-8.
///
/// # Safety
/// `pointer` is NULL, or the `length` bytes from it on can be read and stay as they are until
/// this returns.
pub(super) unsafe fn text_in(
    pointer: *const std::ffi::c_char,
    length: usize,
    name: &str,
) -> Result<String, Fault> {
    if length == 0 {
        return Ok(String::new());
    }
    if pointer.is_null() {
        let message = format!("{name} is NULL, but its length is {length}; pass 0 for no text");
        return Err(Fault::new(FaultKind::NullPointer, message));
    }
    if isize::try_from(length).is_err() {
        let message = format!("{name} has a length of {length}, which no text in memory has");
        return Err(Fault::new(FaultKind::InvalidParameter, message));
    }
    // SAFETY: not null, not longer than an allocation can be, and readable for `length` bytes as
    // the caller promised.
    let bytes = unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), length) };
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let valid = error.valid_up_to();
            let message = format!("{name} is not UTF-8 from byte {valid} on; encode it as UTF-8");
            Err(Fault::new(FaultKind::InvalidUtf8, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(bytes: &[u8]) -> Result<String, FaultKind> {
        // SAFETY: pointer and length are those of a slice.
        let text = unsafe { text_in(bytes.as_ptr().cast(), bytes.len(), "the prompt") };
        text.map_err(|fault| fault.kind)
    }

    fn null(length: usize) -> Result<String, FaultKind> {
        // SAFETY: a null pointer is never read.
        let text = unsafe { text_in(std::ptr::null(), length, "the prompt") };
        text.map_err(|fault| fault.kind)
    }

    #[test]
    fn text_comes_in_whole() {
        assert_eq!(given("Grüße \0 🦀".as_bytes()).unwrap(), "Grüße \0 🦀");
        assert_eq!(given(b"").unwrap(), "");
        assert_eq!(null(0).unwrap(), "");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(null(1), Err(FaultKind::NullPointer));
        assert_eq!(null(usize::MAX), Err(FaultKind::NullPointer));
        assert_eq!(given(b"half \xe2\x82"), Err(FaultKind::InvalidUtf8));
        assert_eq!(given(b"\xff"), Err(FaultKind::InvalidUtf8));
        // SAFETY: a length that no allocation has is refused before anything is read.
        let text = unsafe { text_in(b"a".as_ptr().cast(), usize::MAX, "the prompt") };
        assert_eq!(text.unwrap_err().kind, FaultKind::InvalidParameter);
    }
}
