//! A checkpoint's directory while it is written: file after file, the manifest last.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use headroom_formats::{
    Dtype as StoredDtype, FormatError, PlannedTensor, SafetensorsWriter, TOKENIZER_LIMIT_BYTES,
    read_bounded_optional,
};
use headroom_mlx::{Array, Dtype, bytes_of_array};

use super::disk::Disk;
use super::error::{CheckpointError, not_saved};
use super::hashed_file::{FileEntry, HashedFile};
use super::layout::{COMPANIONS, CONFIG, MANIFEST, OPTIMIZER, WEIGHTS};
use super::manifest::Manifest;
use super::snapshot::{Snapshot, TrainingState};

/// Writes a whole snapshot into a new directory at `path`, and syncs all of it.
pub(super) fn write_directory(
    disk: &dyn Disk,
    path: &Path,
    snapshot: &Snapshot<'_>,
) -> Result<(), CheckpointError> {
    let mut writing = Writing::begin(disk, path)?;
    writing.write_tensors(WEIGHTS, snapshot.weights)?;
    writing.write_tensors(OPTIMIZER, snapshot.optimizer)?;
    writing.write_bytes(CONFIG, format!("{:#}\n", snapshot.config).as_bytes())?;
    for name in COMPANIONS {
        let from = snapshot.tokenizer.join(name);
        if let Some(bytes) = read_bounded_optional(&from, TOKENIZER_LIMIT_BYTES)? {
            writing.write_bytes(name, &bytes)?;
        }
    }
    writing.finish(snapshot.state)
}

struct Writing<'a> {
    disk: &'a dyn Disk,
    path: PathBuf,
    files: BTreeMap<String, FileEntry>,
}

impl<'a> Writing<'a> {
    fn begin(disk: &'a dyn Disk, path: &Path) -> Result<Self, CheckpointError> {
        let made = disk.make_directory(path);
        made.map_err(|error| not_saved("make the directory", path, error))?;
        Ok(Self {
            disk,
            path: path.to_owned(),
            files: BTreeMap::new(),
        })
    }

    /// One tensor's bytes are there at a time.
    fn write_tensors(
        &mut self,
        name: &str,
        tensors: &[(String, Array)],
    ) -> Result<(), CheckpointError> {
        let path = self.path.join(name);
        let planned = tensors.iter().map(planned).collect::<Result<_, _>>()?;
        let file = self.create(&path)?;
        let writer = SafetensorsWriter::over(&path, file, planned, &[("format", "mlx")]);
        let mut writer = writer.map_err(as_not_saved)?;
        for (name, array) in tensors {
            let bytes = bytes_of_array(array)?;
            writer.write(name, &bytes).map_err(as_not_saved)?;
        }
        self.close(name, writer.into_sink().map_err(as_not_saved)?)
    }

    fn write_bytes(&mut self, name: &str, bytes: &[u8]) -> Result<(), CheckpointError> {
        let path = self.path.join(name);
        let mut file = self.create(&path)?;
        let written = file.write_all(bytes);
        written.map_err(|error| not_saved("write", &path, error))?;
        self.close(name, file)
    }

    fn finish(mut self, state: &TrainingState) -> Result<(), CheckpointError> {
        let path = self.path.join(MANIFEST);
        let manifest = Manifest::new(state.clone(), std::mem::take(&mut self.files));
        let text = manifest.text();
        let text = text.map_err(|error| not_saved("write", &path, error.into()))?;
        self.write_bytes(MANIFEST, text.as_bytes())?;
        let synced = self.disk.sync_directory(&self.path);
        synced.map_err(|error| not_saved("sync", &self.path, error))
    }

    fn create(&self, path: &Path) -> Result<HashedFile, CheckpointError> {
        let file = self.disk.create(path);
        let file = file.map_err(|error| not_saved("create", path, error))?;
        Ok(HashedFile::new(file))
    }

    fn close(&mut self, name: &str, file: HashedFile) -> Result<(), CheckpointError> {
        let entry = file.finish();
        let entry = entry.map_err(|error| not_saved("write", &self.path.join(name), error))?;
        self.files.insert(name.to_owned(), entry);
        Ok(())
    }
}

fn planned((name, array): &(String, Array)) -> Result<PlannedTensor, CheckpointError> {
    let dtype = stored_dtype(array.dtype()).ok_or_else(|| CheckpointError::TensorType {
        name: name.clone(),
        dtype: array.dtype(),
    })?;
    let dimensions = array.shape().iter();
    Ok(PlannedTensor {
        name: name.clone(),
        dtype,
        shape: dimensions
            .map(|&dimension| usize::try_from(dimension).unwrap_or(0))
            .collect(),
    })
}

/// The type of weights and optimizer states, as files name it.
fn stored_dtype(dtype: Dtype) -> Option<StoredDtype> {
    Some(match dtype {
        Dtype::Float32 => StoredDtype::Float32,
        Dtype::Float16 => StoredDtype::Float16,
        Dtype::Bfloat16 => StoredDtype::Bfloat16,
        Dtype::Uint64 => StoredDtype::Uint64,
        Dtype::Uint32 => StoredDtype::Uint32,
        Dtype::Uint16 => StoredDtype::Uint16,
        Dtype::Uint8 => StoredDtype::Uint8,
        Dtype::Int64 => StoredDtype::Int64,
        Dtype::Int32 => StoredDtype::Int32,
        Dtype::Int16 => StoredDtype::Int16,
        Dtype::Int8 => StoredDtype::Int8,
        Dtype::Bool | Dtype::Float64 | Dtype::Complex64 => return None,
    })
}

fn as_not_saved(error: FormatError) -> CheckpointError {
    match error {
        FormatError::Io {
            action,
            path,
            source,
        } => not_saved(action, &path, source),
        other => other.into(),
    }
}
