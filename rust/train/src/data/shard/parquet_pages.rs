//! A look at a column's page headers before the library sees them: it reserves what they announce,
//! and a process cannot go on when that is refused.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::fault::ShardFault;
use super::thrift::Thrift;

/// Largest page, unpacked. Writers make pages of about a MiB.
const PAGE_BYTES: i64 = 256 << 20;
/// The header of a page is short; only statistics of long texts make it longer than the first.
const WINDOWS_BYTES: [u64; 2] = [16 << 10, 1 << 20];
/// Plain, and the two ways to write numbers of a dictionary's entries. The others reserve by counts
/// that lie inside the packed bytes.
const ENCODINGS: [i64; 3] = [0, 2, 8];

/// What a page announces.
#[derive(Debug, Default)]
struct Page {
    header_bytes: u64,
    unpacked_bytes: i64,
    packed_bytes: i64,
    encoding: i64,
    dictionary_entries: i64,
}

/// Walks over the pages of a column chunk that lies at `from_byte` of a file.
pub(super) fn check_pages(
    file: &mut File,
    from_byte: u64,
    length_bytes: u64,
) -> Result<(), ShardFault> {
    let end = from_byte.checked_add(length_bytes);
    let end = end.filter(|end| file.metadata().is_ok_and(|found| *end <= found.len()));
    let end = end.ok_or_else(|| fault("a column lies beyond the end of the file"))?;
    let mut at = from_byte;
    while at < end {
        let page = page_at(file, at, end)?;
        page.check()?;
        let bytes = page
            .header_bytes
            .saturating_add(page.packed_bytes.unsigned_abs());
        at = at.saturating_add(bytes);
    }
    match at == end {
        true => Ok(()),
        false => Err(fault("a page lies beyond the end of its column")),
    }
}

fn fault(reason: impl Into<String>) -> ShardFault {
    ShardFault(reason.into())
}

fn page_at(file: &mut File, at: u64, end: u64) -> Result<Page, ShardFault> {
    let mut bytes = Vec::new();
    for window in WINDOWS_BYTES {
        bytes.clear();
        file.seek(SeekFrom::Start(at))?;
        file.take(window.min(end - at)).read_to_end(&mut bytes)?;
        if let Some(page) = Page::read(&bytes) {
            return Ok(page);
        }
    }
    Err(fault(format!(
        "the page at byte {at} has no header that can be read"
    )))
}

impl Page {
    /// The field numbers are those of Parquet's `PageHeader`.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut page = Self::default();
        let length = Thrift::new(bytes).structure(&mut |path, number| match path {
            [2] => page.unpacked_bytes = number,
            [3] => page.packed_bytes = number,
            [5, 2] | [7, 2] | [8, 4] => page.encoding = number,
            [7, 1] => page.dictionary_entries = number,
            _ => {}
        })?;
        page.header_bytes = length as u64;
        Some(page)
    }

    fn check(&self) -> Result<(), ShardFault> {
        let unpacked = self.unpacked_bytes;
        if self.packed_bytes < 0 || unpacked < 0 {
            return Err(fault("a page has a negative length"));
        }
        if unpacked > PAGE_BYTES {
            return Err(fault(format!(
                "a page takes {unpacked} bytes, but at most {PAGE_BYTES} are unpacked"
            )));
        }
        if !ENCODINGS.contains(&self.encoding) {
            return Err(fault(format!(
                "a page has encoding {}, but text is read plain or by dictionary only",
                self.encoding
            )));
        }
        // Each entry has four bytes for its length.
        match (0..=unpacked / 4).contains(&self.dictionary_entries) {
            true => Ok(()),
            false => Err(fault(
                "a dictionary announces more entries than it has bytes for",
            )),
        }
    }
}
