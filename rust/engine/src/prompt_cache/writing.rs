//! Writing a safetensors file whole or not at all: into a file beside it, which then takes its name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;

use headroom_formats::Checkpoint;
use headroom_mlx::{Array, Dtype, bytes_of_array};
use safetensors::{SafeTensorError, View, serialize_to_file};
use tempfile::NamedTempFile;

use crate::error::EngineError;

/// One tensor of the file.
pub(super) struct Tensor {
    name: String,
    dtype: safetensors::Dtype,
    shape: Vec<usize>,
    content: Content,
}

enum Content {
    /// Its bytes are made when they are written, one tensor after the other.
    Array(Array),
    Bytes(Vec<u8>),
}

impl Tensor {
    /// A cache's array.
    pub(super) fn array(name: &str, array: Array) -> Self {
        Self {
            name: name.to_owned(),
            dtype: match array.dtype() {
                Dtype::Float16 => safetensors::Dtype::F16,
                Dtype::Bfloat16 => safetensors::Dtype::BF16,
                Dtype::Uint32 => safetensors::Dtype::U32,
                Dtype::Int16 => safetensors::Dtype::I16,
                _ => safetensors::Dtype::F32,
            },
            shape: array.shape().iter().map(|&size| size as usize).collect(),
            content: Content::Array(array),
        }
    }

    /// Token ids, `(tokens)`.
    pub(super) fn ids(name: &str, ids: &[u32]) -> Self {
        Self {
            name: name.to_owned(),
            dtype: safetensors::Dtype::U32,
            shape: vec![ids.len()],
            content: Content::Bytes(ids.iter().flat_map(|id| id.to_le_bytes()).collect()),
        }
    }

    /// UTF-8, `(bytes)`.
    pub(super) fn text(name: &str, text: String) -> Self {
        Self {
            name: name.to_owned(),
            dtype: safetensors::Dtype::U8,
            shape: vec![text.len()],
            content: Content::Bytes(text.into_bytes()),
        }
    }
}

impl View for &Tensor {
    fn dtype(&self) -> safetensors::Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Nothing where MLX fails, which leaves a file that does not pass the gate.
    fn data(&self) -> Cow<'_, [u8]> {
        match &self.content {
            Content::Bytes(bytes) => Cow::Borrowed(bytes),
            Content::Array(array) => Cow::Owned(bytes_of_array(array).unwrap_or_default()),
        }
    }

    fn data_len(&self) -> usize {
        match &self.content {
            Content::Bytes(bytes) => bytes.len(),
            Content::Array(array) => array.nbytes(),
        }
    }
}

/// Writes `tensors` to `path`.
///
/// # Errors
/// When the file cannot be written; whatever lay at `path` still does.
pub(super) fn write_whole(
    path: &Path,
    tensors: &[Tensor],
    metadata: HashMap<String, String>,
) -> Result<(), EngineError> {
    let failed = |error: io::Error| EngineError::CacheNotWritten {
        path: path.to_owned(),
        // The name of the file beside it would only confuse.
        source: error.kind().into(),
    };
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let beside = NamedTempFile::new_in(directory).map_err(failed)?;
    let views = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
    serialize_to_file(views, Some(metadata), beside.path())
        .map_err(|error| failed(io_error(error)))?;
    Checkpoint::open_file(beside.path())?;
    beside.as_file().sync_all().map_err(failed)?;
    beside.persist(path).map_err(|error| failed(error.error))?;
    // The new name is on disk once the directory is.
    let named = File::open(directory).and_then(|directory| directory.sync_all());
    named.map_err(failed)
}

fn io_error(error: SafeTensorError) -> io::Error {
    match error {
        SafeTensorError::IoError(error) => error,
        other => io::Error::other(other),
    }
}
