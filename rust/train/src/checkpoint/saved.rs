//! A checkpoint that was read, found whole and passed the gate.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use headroom_formats::Checkpoint;
use headroom_mlx::Array;
use headroom_models::read_tensor;

use super::error::CheckpointError;
use super::hashed_file::{FileEntry, read_entry};
use super::layout::{OPTIMIZER, WEIGHTS};
use super::manifest::Manifest;
use super::snapshot::TrainingState;

/// A whole checkpoint: every file has the size and SHA-256 that its manifest gives, and both files of
/// tensors keep to the rules of safetensors.
#[derive(Debug)]
pub struct SavedCheckpoint {
    directory: PathBuf,
    state: TrainingState,
    weights: SavedTensors,
    optimizer: SavedTensors,
    files: Vec<String>,
}

/// Tensors of a checkpoint, read one at a time.
#[derive(Debug)]
pub struct SavedTensors(Checkpoint);

impl SavedCheckpoint {
    /// Reads every byte of a checkpoint once, 1 MiB at a time, and keeps its files open.
    ///
    /// # Errors
    /// [`CheckpointError::NotWhole`] when something is missing, changed or no checkpoint's;
    /// [`CheckpointError::Format`] when a file of tensors breaks a rule.
    pub fn open(directory: &Path) -> Result<Self, CheckpointError> {
        let not_whole = |reason| CheckpointError::NotWhole {
            directory: directory.to_owned(),
            reason,
        };
        let manifest = Manifest::read(directory).map_err(not_whole)?;
        for (name, entry) in &manifest.files {
            verify(directory, name, entry).map_err(not_whole)?;
        }
        let tensors = |name| Checkpoint::open_file(&directory.join(name)).map(SavedTensors);
        Ok(Self {
            directory: directory.to_owned(),
            weights: tensors(WEIGHTS)?,
            optimizer: tensors(OPTIMIZER)?,
            state: manifest.state,
            files: manifest.files.into_keys().collect(),
        })
    }

    /// Where it lies; a model directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the run was.
    pub fn state(&self) -> &TrainingState {
        &self.state
    }

    /// The model's tensors.
    pub fn weights(&self) -> &SavedTensors {
        &self.weights
    }

    /// The optimizer's tensors.
    pub fn optimizer(&self) -> &SavedTensors {
        &self.optimizer
    }

    /// The names of its files, without the manifest.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }
}

impl SavedTensors {
    /// Reads a tensor straight into the memory that keeps it.
    ///
    /// # Errors
    /// When there is no such tensor or no memory for it, or its file has changed.
    pub fn read(&self, name: &str) -> Result<Array, CheckpointError> {
        Ok(read_tensor(&self.0, name)?)
    }

    /// The file behind it: names, types and shapes, and the check of what a model demands.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.0
    }
}

/// A link is refused: what it leads to may be changed by others.
fn verify(directory: &Path, name: &str, expected: &FileEntry) -> Result<(), String> {
    let path = directory.join(name);
    let failed = |error| format!("{name} cannot be read: {error}");
    let found = fs::symlink_metadata(&path).map_err(failed)?;
    if !found.is_file() {
        return Err(format!("{name} is not a regular file"));
    }
    if found.len() != expected.bytes {
        let (found, expected) = (found.len(), expected.bytes);
        return Err(format!(
            "{name} has {found} bytes, but had {expected} when it was written"
        ));
    }
    let file = File::open(&path).map_err(failed)?;
    match read_entry(file, expected.bytes).map_err(failed)? == *expected {
        true => Ok(()),
        false => Err(format!("{name} has changed since it was written")),
    }
}
