//! A model's weights: one or more validated safetensors files read as one set of tensors.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::bounded_read::exists;
use crate::error::FormatError;
use crate::expected::{ExpectedTensor, compare};
use crate::shard::{Shard, TensorInfo};
use crate::shard_index::{IndexRule, ShardIndex};
use crate::tensor_rows::TensorRows;

/// The file that holds all weights of a small model.
const SINGLE_FILE: &str = "model.safetensors";
/// The file that says which shard holds which tensor.
const INDEX_FILE: &str = "model.safetensors.index.json";

/// A set of safetensors files whose headers have all been validated, kept open for reading.
///
/// Tensors are read one at a time by exact byte range, from any number of threads.
#[derive(Debug)]
pub struct Checkpoint {
    location: PathBuf,
    shards: Vec<Arc<Shard>>,
    tensors: BTreeMap<String, TensorInfo>,
    /// Of a single file; shards have none of their own.
    metadata: BTreeMap<String, String>,
}

impl Checkpoint {
    /// Opens the weights in a model directory: the shards that `model.safetensors.index.json`
    /// names if that file is there, else `model.safetensors`. Only headers are read.
    ///
    /// # Errors
    /// When there are no weights, a header or the index breaks a rule, or index and shards
    /// disagree: every listed tensor must lie in its shard, and no shard may hold another.
    pub fn open(directory: &Path) -> Result<Self, FormatError> {
        let index_path = directory.join(INDEX_FILE);
        if exists(&index_path)? {
            return Self::open_sharded(directory, &index_path);
        }
        let path = directory.join(SINGLE_FILE);
        if exists(&path)? {
            let checkpoint = Self::open_file(&path)?;
            let location = directory.to_path_buf();
            return Ok(Self {
                location,
                ..checkpoint
            });
        }
        Err(FormatError::NoWeights {
            directory: directory.to_path_buf(),
        })
    }

    /// Opens a single safetensors file, such as an adapter's.
    ///
    /// # Errors
    /// When the file cannot be read or its header breaks a rule.
    pub fn open_file(path: &Path) -> Result<Self, FormatError> {
        let (shard, content) = Shard::open(path, 0)?;
        Ok(Self {
            location: path.to_path_buf(),
            shards: vec![Arc::new(shard)],
            tensors: content.tensors.into_iter().collect(),
            metadata: content.metadata,
        })
    }

    fn open_sharded(directory: &Path, index_path: &Path) -> Result<Self, FormatError> {
        let index = ShardIndex::read(index_path)?;
        let mut shards = Vec::with_capacity(index.shards.len());
        let mut tensors = BTreeMap::new();
        for (number, shard_name) in index.shards.iter().enumerate() {
            let (shard, content) = Shard::open(&directory.join(shard_name), number)?;
            shards.push(Arc::new(shard));
            for (name, info) in content.tensors {
                refuse_misplaced(&index, &name, number)
                    .map_err(|rule| index_error(index_path, rule))?;
                tensors.insert(name, info);
            }
        }
        refuse_absent(&index, &tensors).map_err(|rule| index_error(index_path, rule))?;
        Ok(Self {
            location: directory.to_path_buf(),
            shards,
            tensors,
            metadata: BTreeMap::new(),
        })
    }

    /// A string that a single file's header carries beside its tensors.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// Every tensor's name, sorted.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Every tensor's name and description, sorted by name.
    pub fn tensors(&self) -> impl ExactSizeIterator<Item = (&str, &TensorInfo)> {
        self.tensors
            .iter()
            .map(|(name, info)| (name.as_str(), info))
    }

    /// What is known about a tensor, or `None` when the checkpoint does not hold it.
    pub fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(name)
    }

    /// Whether the checkpoint holds a tensor.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Bytes of all tensors together, without headers.
    pub fn total_bytes(&self) -> u64 {
        self.tensors.values().map(TensorInfo::byte_len).sum()
    }

    /// The directory or file that was opened, for messages.
    pub fn location(&self) -> &Path {
        &self.location
    }

    /// Files that the tensors lie in.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.shards.iter().map(|shard| shard.path())
    }

    /// Reads exactly one tensor's bytes, little-endian, in row-major order.
    ///
    /// # Errors
    /// When there is no such tensor, memory for it, or the file has changed its length since it
    /// was opened.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, FormatError> {
        let info = self.known(name)?;
        self.shards[info.shard].read(name, info)
    }

    /// As [`Self::read`], into a buffer that the caller owns.
    ///
    /// # Errors
    /// As [`Self::read`], and when the buffer is not exactly as long as the tensor.
    pub fn read_into(&self, name: &str, buffer: &mut [u8]) -> Result<(), FormatError> {
        let info = self.info_for_buffer(name, buffer.len() as u64)?;
        self.shards[info.shard].read_into(info, buffer)
    }

    /// What is known about a tensor that a buffer of this length is to take.
    pub(crate) fn info_for_buffer(
        &self,
        name: &str,
        buffer_bytes: u64,
    ) -> Result<&TensorInfo, FormatError> {
        let info = self.known(name)?;
        match info.byte_len() == buffer_bytes {
            true => Ok(info),
            false => Err(FormatError::BufferLength {
                tensor: name.to_owned(),
                tensor_bytes: info.byte_len(),
                buffer_bytes,
            }),
        }
    }

    /// The shard of that number, which is one of its own tensors'.
    pub(crate) fn shard(&self, number: usize) -> &Shard {
        &self.shards[number]
    }

    /// A tensor's rows, to be read one by one for as long as the result lives: it keeps the file
    /// open.
    ///
    /// # Errors
    /// When there is no such tensor, or it is a scalar and has no rows.
    pub fn rows(&self, name: &str) -> Result<TensorRows, FormatError> {
        let info = self.known(name)?;
        TensorRows::new(name, info, Arc::clone(&self.shards[info.shard]))
    }

    /// The file that a tensor lies in and its first byte there, for who wants to map it. `None` where
    /// somebody may write to the file: a page of a mapped file that is cut short ends the process that
    /// touches it. A hub that keeps its files read-only makes them fit for it.
    pub fn read_only_place(&self, name: &str) -> Option<(&File, u64)> {
        let info = self.info(name)?;
        let shard = &self.shards[info.shard];
        shard.check_length().ok()?;
        Some((shard.read_only_file()?, info.offset))
    }

    /// Bytes of a tensor from its byte `first` on, which must lie within it.
    pub(crate) fn read_part(
        &self,
        name: &str,
        first: u64,
        length: u64,
    ) -> Result<Vec<u8>, FormatError> {
        let whole = self.known(name)?;
        let part = TensorInfo {
            offset: whole.offset + first,
            length,
            ..whole.clone()
        };
        self.shards[part.shard].read(name, &part)
    }

    /// Checks that the tensors are exactly those that a configuration demands.
    ///
    /// # Errors
    /// One error that lists every missing, left-over and wrongly shaped or typed tensor.
    pub fn require(&self, expected: &[ExpectedTensor]) -> Result<(), FormatError> {
        self.require_apart_from(expected, |_| false)
    }

    /// As [`Self::require`], but tensors for which `may_be_left` holds are no fault when they are
    /// left over: older exporters wrote tables that every reader computes for itself.
    ///
    /// # Errors
    /// As [`Self::require`].
    pub fn require_apart_from(
        &self,
        expected: &[ExpectedTensor],
        may_be_left: impl Fn(&str) -> bool,
    ) -> Result<(), FormatError> {
        let report = compare(expected, &self.tensors, may_be_left);
        if report.is_empty() {
            return Ok(());
        }
        Err(FormatError::Mismatch {
            directory: self.location.clone(),
            report: Box::new(report),
        })
    }

    /// The error for a tensor that this checkpoint does not hold.
    pub fn no_tensor(&self, name: &str) -> FormatError {
        FormatError::UnknownTensor {
            directory: self.location.clone(),
            tensor: name.to_owned(),
        }
    }

    fn known(&self, name: &str) -> Result<&TensorInfo, FormatError> {
        self.info(name).ok_or_else(|| self.no_tensor(name))
    }
}

fn index_error(index_path: &Path, rule: IndexRule) -> FormatError {
    FormatError::Index {
        path: index_path.to_path_buf(),
        rule,
    }
}

/// A tensor found in shard `number` must be listed, and listed there.
fn refuse_misplaced(index: &ShardIndex, name: &str, number: usize) -> Result<(), IndexRule> {
    let tensor = name.to_owned();
    let shard = index.shards[number].clone();
    match index.tensors.get(name) {
        Some(&listed) if listed == number => Ok(()),
        Some(&listed) => Err(IndexRule::WrongShard {
            tensor,
            shard,
            listed: index.shards[listed].clone(),
        }),
        None => Err(IndexRule::TensorUnlisted { tensor, shard }),
    }
}

/// Every listed tensor must have been found.
fn refuse_absent(
    index: &ShardIndex,
    found: &BTreeMap<String, TensorInfo>,
) -> Result<(), IndexRule> {
    let absent = index
        .tensors
        .iter()
        .find(|(name, _)| !found.contains_key(*name));
    match absent {
        None => Ok(()),
        Some((name, &number)) => Err(IndexRule::TensorAbsent {
            tensor: name.clone(),
            shard: index.shards[number].clone(),
        }),
    }
}

#[cfg(test)]
mod tests;
