//! One safetensors file, checked once and kept open.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::bounded_read::{io_error, open_regular, reserve};
use crate::dtype::Dtype;
use crate::error::FormatError;
use crate::header_rule::HeaderRule;
use crate::safetensors_header::{TensorEntry, header_length, parse_header};

/// What a checkpoint knows about one tensor before its bytes are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Element type.
    pub dtype: Dtype,
    /// Dimensions, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
    /// Which of the checkpoint's shards holds it.
    pub(crate) shard: usize,
    /// First byte, counted from the start of the file.
    pub(crate) offset: u64,
    /// Bytes it takes.
    pub(crate) length: u64,
}

impl TensorInfo {
    /// How many elements the tensor has.
    pub fn element_count(&self) -> u64 {
        self.length / self.dtype.size_bytes()
    }

    /// How many bytes the tensor takes, in the file and in memory.
    pub fn byte_len(&self) -> u64 {
        self.length
    }
}

/// What a file's header says of its content.
pub(crate) struct ShardContent {
    /// In the order of their bytes.
    pub(crate) tensors: Vec<(String, TensorInfo)>,
    /// Free-form strings.
    pub(crate) metadata: BTreeMap<String, String>,
}

/// An open file whose header has been validated. It stays open, so that a file put in its place
/// later changes nothing.
#[derive(Debug)]
pub(crate) struct Shard {
    path: PathBuf,
    file: File,
    file_bytes: u64,
}

impl Shard {
    /// Opens a file and validates its header; gives its tensors as those of shard number `shard`.
    pub(crate) fn open(path: &Path, shard: usize) -> Result<(Self, ShardContent), FormatError> {
        let (file, file_bytes) = open_regular(path)?;
        let opened = Self {
            path: path.to_path_buf(),
            file,
            file_bytes,
        };
        let header_bytes = opened.header_length()?;
        let mut json = reserve(path, "the header", header_bytes)?;
        opened.read_range(8, header_bytes, &mut json)?;
        let data_start = 8 + header_bytes;
        let header =
            parse_header(&json, file_bytes - data_start).map_err(|broken| broken.at(path))?;
        let entries = header.entries.into_iter();
        let content = ShardContent {
            tensors: entries
                .map(|entry| located(entry, shard, data_start))
                .collect(),
            metadata: header.metadata,
        };
        Ok((opened, content))
    }

    /// The file's path, for errors.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file, where nobody may write to it.
    pub(crate) fn read_only_file(&self) -> Option<&File> {
        const WRITERS: u32 = 0o222;
        let permissions = self.file.metadata().ok()?.permissions();
        (permissions.mode() & WRITERS == 0).then_some(&self.file)
    }

    /// Bytes of one tensor of this shard.
    pub(crate) fn read(&self, name: &str, info: &TensorInfo) -> Result<Vec<u8>, FormatError> {
        self.check_length()?;
        let mut bytes = reserve(&self.path, name, info.length)?;
        self.read_range(info.offset, info.length, &mut bytes)?;
        Ok(bytes)
    }

    /// As [`Self::read`], into a buffer of exactly the tensor's length.
    pub(crate) fn read_into(
        &self,
        info: &TensorInfo,
        buffer: &mut [u8],
    ) -> Result<(), FormatError> {
        self.check_length()?;
        self.read_at(info.offset, buffer)
    }

    /// Bytes from `offset` on into `buffer`; ranges are those of tensors, whose place is checked.
    /// Says nothing of the file's length: that is [`Self::check_length`]'s.
    pub(crate) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), FormatError> {
        self.file
            .read_exact_at(buffer, offset)
            .map_err(|error| self.read_error(error))
    }

    fn header_length(&self) -> Result<u64, FormatError> {
        let broken = |rule| FormatError::Header {
            path: self.path.clone(),
            rule,
        };
        if self.file_bytes < 8 {
            return Err(broken(HeaderRule::TooShort {
                file_bytes: self.file_bytes,
            }));
        }
        let mut prefix = [0; 8];
        self.read_at(0, &mut prefix)?;
        header_length(prefix, self.file_bytes).map_err(broken)
    }

    /// Appends `length` bytes from `offset` on; the vector already has room for them.
    fn read_range(&self, offset: u64, length: u64, bytes: &mut Vec<u8>) -> Result<(), FormatError> {
        let reader = PositionedReader {
            file: &self.file,
            offset,
        };
        // Unlike reading into a slice, this does not fill the memory with zeros first.
        let read_bytes = reader
            .take(length)
            .read_to_end(bytes)
            .map_err(|error| self.read_error(error))?;
        if read_bytes as u64 != length {
            return Err(self.read_error(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(())
    }

    /// A file that has become shorter or longer is not the one that was checked.
    pub(crate) fn check_length(&self) -> Result<(), FormatError> {
        let actual_bytes = self
            .file
            .metadata()
            .map_err(|source| io_error("read", &self.path, source))?
            .len();
        if actual_bytes != self.file_bytes {
            return Err(self.changed(actual_bytes));
        }
        Ok(())
    }

    /// An unexpected end of the file means that it shrank after the last look at its length.
    fn read_error(&self, source: io::Error) -> FormatError {
        match (source.kind(), self.file.metadata()) {
            (io::ErrorKind::UnexpectedEof, Ok(metadata)) => self.changed(metadata.len()),
            _ => io_error("read", &self.path, source),
        }
    }

    fn changed(&self, actual_bytes: u64) -> FormatError {
        FormatError::Changed {
            path: self.path.clone(),
            opened_bytes: self.file_bytes,
            actual_bytes,
        }
    }
}

fn located(entry: TensorEntry, shard: usize, data_start: u64) -> (String, TensorInfo) {
    let info = TensorInfo {
        dtype: entry.dtype,
        shape: entry.shape,
        shard,
        offset: data_start + entry.start,
        length: entry.end - entry.start,
    };
    (entry.name, info)
}

/// Reads from a position of its own, so that several threads can share one file.
struct PositionedReader<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for PositionedReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}
