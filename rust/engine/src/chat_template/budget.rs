//! What one rendering may spend. The library's own fuel counts instructions; an instruction that
//! copies or compares a value takes as long as the value is large, and that is counted here.

use std::sync::atomic::{AtomicU64, Ordering};

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

use super::namespace::Namespace;

/// Bytes that a rendering may write, copy and build in all. What is given up again is not given back,
/// so that never more than this is held at once.
const MADE_LIMIT_BYTES: u64 = 16 << 20;
/// Bytes that a rendering may look at: comparisons, searches, walks over lists.
const READ_LIMIT_BYTES: u64 = 256 << 20;
/// How deep lists and maps may nest; printing and dropping them takes a stack frame for each level.
const NESTING_LIMIT: usize = 32;
/// A value in a list.
pub(super) const VALUE_BYTES: u64 = 32;
/// A value visited on a walk, in bytes that could have been compared in that time.
const VISIT_BYTES: u64 = 128;
/// Most bytes of a number as text.
const NUMBER_BYTES: u64 = 352;
/// Most bytes that an escaped byte takes when a list or map that holds it is printed.
const ESCAPED_BYTES: u64 = 6;

/// What is left of the limits of one rendering.
#[derive(Debug)]
pub(super) struct Budget {
    made_bytes: AtomicU64,
    read_bytes: AtomicU64,
}

/// The size of a value with everything in it.
#[derive(Debug, Default)]
pub(super) struct Extent {
    /// The value, its elements and theirs.
    pub(super) values: u64,
    /// At most this many bytes are written when it is printed.
    pub(super) text_bytes: u64,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self {
            made_bytes: AtomicU64::new(MADE_LIMIT_BYTES),
            read_bytes: AtomicU64::new(READ_LIMIT_BYTES),
        }
    }

    /// Pays for bytes that are about to be written.
    pub(super) fn make(&self, bytes: u64) -> Result<(), Error> {
        let sentence = || format!("it makes more than {} MiB of text", MADE_LIMIT_BYTES >> 20);
        spend(&self.made_bytes, bytes, sentence)
    }

    /// Pays for bytes that are about to be read.
    pub(super) fn read(&self, bytes: u64) -> Result<(), Error> {
        let sentence = || format!("it compares more than {} MiB", READ_LIMIT_BYTES >> 20);
        spend(&self.read_bytes, bytes, sentence)
    }

    /// Pays for reading a value and all it holds.
    pub(super) fn read_value(&self, value: &Value) -> Result<(), Error> {
        let extent = self.extent(value)?;
        self.read(extent.text_bytes)
    }

    /// Pays for a value's text.
    pub(super) fn make_text(&self, value: &Value) -> Result<(), Error> {
        let extent = self.extent(value)?;
        self.make(extent.text_bytes)
    }

    /// The size of a value; refused when it nests too deep or leads to a namespace inside it.
    pub(super) fn extent(&self, value: &Value) -> Result<Extent, Error> {
        let mut extent = Extent::default();
        self.walk(value, 0, &mut extent)?;
        Ok(extent)
    }

    fn walk(&self, value: &Value, depth: usize, extent: &mut Extent) -> Result<(), Error> {
        // A namespace inside a value could hold that value: a walk over it would never end.
        if depth > 0 && value.downcast_object_ref::<Namespace>().is_some() {
            return Err(refused("it keeps a namespace inside another value"));
        }
        if depth > NESTING_LIMIT {
            return Err(refused(format!(
                "it nests values deeper than {NESTING_LIMIT} levels"
            )));
        }
        self.read(VISIT_BYTES)?;
        extent.values += 1;
        match value.kind() {
            ValueKind::String | ValueKind::Bytes => {
                let factor = if depth > 0 { ESCAPED_BYTES } else { 1 };
                extent.text_bytes += factor * (byte_length(value) + 2);
            }
            ValueKind::Seq | ValueKind::Iterable => {
                for item in value.try_iter()? {
                    self.walk(&item, depth + 1, extent)?;
                    extent.text_bytes += 2;
                }
            }
            ValueKind::Map => {
                for key in value.try_iter()? {
                    self.walk(&key, depth + 1, extent)?;
                    self.walk(&value.get_item(&key)?, depth + 1, extent)?;
                    extent.text_bytes += 4;
                }
            }
            _ => extent.text_bytes += NUMBER_BYTES,
        }
        Ok(())
    }
}

fn spend(left: &AtomicU64, bytes: u64, sentence: impl Fn() -> String) -> Result<(), Error> {
    match left.load(Ordering::Relaxed).checked_sub(bytes) {
        Some(rest) => {
            left.store(rest, Ordering::Relaxed);
            Ok(())
        }
        None => Err(refused(sentence())),
    }
}

/// The bytes of a string, 0 for anything else.
pub(super) fn byte_length(value: &Value) -> u64 {
    match value.as_str() {
        Some(text) => text.len() as u64,
        None => value.as_bytes().map_or(0, |bytes| bytes.len() as u64),
    }
}

/// A template that asks for too much, in words that follow "could not be applied".
pub(super) fn refused(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::OutOfFuel, reason.into())
}
