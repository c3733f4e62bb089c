//! A file whose size and SHA-256 are known once it is written: nothing is read again for them.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::disk::DiskFile;

/// What a manifest says of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileEntry {
    /// Its length.
    pub(super) bytes: u64,
    /// SHA-256 in hexadecimal digits.
    pub(super) sha256: String,
}

/// A file that is being written.
pub(super) struct HashedFile {
    sink: BufWriter<Box<dyn DiskFile>>,
    digest: Sha256,
    bytes: u64,
}

impl HashedFile {
    pub(super) fn new(file: Box<dyn DiskFile>) -> Self {
        Self {
            sink: BufWriter::new(file),
            digest: Sha256::new(),
            bytes: 0,
        }
    }

    /// Puts everything on disk.
    pub(super) fn finish(self) -> io::Result<FileEntry> {
        let mut file = self.sink.into_inner().map_err(io::Error::from)?;
        file.sync()?;
        Ok(FileEntry {
            bytes: self.bytes,
            sha256: digits(self.digest),
        })
    }
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.sink.write(bytes)?;
        self.digest.update(bytes.get(..count).unwrap_or(bytes));
        self.bytes = self.bytes.saturating_add(count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// The SHA-256 of bytes, in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    digits(Sha256::new_with_prefix(bytes))
}

/// What a file holds, never reading more than one byte past `most_bytes`.
pub(super) fn read_entry(file: File, most_bytes: u64) -> io::Result<FileEntry> {
    const PIECE_BYTES: usize = 1 << 20;
    let (mut digest, mut bytes) = (Sha256::new(), 0u64);
    let mut file = file.take(most_bytes.saturating_add(1));
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = file.read(&mut piece)?;
        let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else {
            break;
        };
        digest.update(read);
        bytes = bytes.saturating_add(count as u64);
    }
    Ok(FileEntry {
        bytes,
        sha256: digits(digest),
    })
}

fn digits(digest: Sha256) -> String {
    let mut digits = String::new();
    for byte in digest.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_while_writing_is_what_is_found_when_reading() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let mut file = HashedFile::new(Box::new(File::create(&path).unwrap()));
        let bytes: Vec<u8> = (0..3_000_000u32).map(|at| (at % 251) as u8).collect();
        file.write_all(&bytes[..10]).unwrap();
        file.write_all(&bytes[10..]).unwrap();
        let written = file.finish().unwrap();
        assert_eq!(written.sha256, sha256(&bytes));
        let found = read_entry(File::open(&path).unwrap(), written.bytes).unwrap();
        assert_eq!(found, written);
    }

    #[test]
    fn a_file_without_an_end_is_left_after_one_byte_too_many() {
        let endless = File::open("/dev/zero").unwrap();
        assert_eq!(read_entry(endless, 5).unwrap().bytes, 6);
    }
}
