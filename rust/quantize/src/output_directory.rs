//! The directory that is written: under another name until it is whole.

use std::fs;
use std::path::{Path, PathBuf};

use headroom_formats::{PlannedTensor, SafetensorsWriter};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::error::QuantizeError;

/// The most bytes of tensors in one file, as mlx-lm's: hubs refuse much larger ones.
const SHARD_BYTES: u64 = 5_000_000_000;

/// What lies beside weights and configuration and belongs to the model.
const COMPANIONS: [&str; 10] = [
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "generation_config.json",
    "LICENSE",
];

/// A model directory in the making; gone when dropped before it is finished.
pub(crate) struct OutputDirectory {
    beside: TempDir,
    path: PathBuf,
}

impl OutputDirectory {
    /// Begins the directory that will lie at `path`, where nothing may lie yet.
    pub(crate) fn begin(path: &Path) -> Result<Self, QuantizeError> {
        if path.symlink_metadata().is_ok() {
            return Err(QuantizeError::OutputExists {
                path: path.to_owned(),
            });
        }
        let parent = path.parent().filter(|parent| *parent != Path::new(""));
        let parent = parent.unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(not_written("create", parent))?;
        let beside = TempDir::with_prefix_in(".quantizing-", parent);
        Ok(Self {
            beside: beside.map_err(not_written("create a directory in", parent))?,
            path: path.to_owned(),
        })
    }

    /// Begins the shard of that name.
    pub(crate) fn shard(
        &self,
        name: &str,
        planned: Vec<PlannedTensor>,
    ) -> Result<SafetensorsWriter, QuantizeError> {
        let path = self.beside.path().join(name);
        Ok(SafetensorsWriter::create(
            &path,
            planned,
            &[("format", "mlx")],
        )?)
    }

    /// Writes which shard has which tensor.
    pub(crate) fn write_index(
        &self,
        shards: &[(String, Vec<PlannedTensor>)],
    ) -> Result<(), QuantizeError> {
        let tensors = || {
            let shards = shards.iter();
            shards.flat_map(|(file, tensors)| tensors.iter().map(move |tensor| (file, tensor)))
        };
        let total_size: u64 = tensors().map(|(_, tensor)| tensor.byte_len()).sum();
        let places = tensors().map(|(file, tensor)| (tensor.name.clone(), json!(file)));
        let places: serde_json::Map<String, Value> = places.collect();
        let index = json!({"metadata": {"total_size": total_size}, "weight_map": places});
        self.write_json("model.safetensors.index.json", &index)
    }

    pub(crate) fn write_json(&self, name: &str, value: &Value) -> Result<(), QuantizeError> {
        let path = self.beside.path().join(name);
        fs::write(&path, format!("{value:#}\n")).map_err(not_written("write", &path))
    }

    /// Copies what belongs to the model beside its weights.
    pub(crate) fn copy_companions(&self, model: &Path) -> Result<(), QuantizeError> {
        for name in COMPANIONS {
            let from = model.join(name);
            if from.is_file() {
                let to = self.beside.path().join(name);
                fs::copy(&from, &to).map_err(not_written("write", &to))?;
            }
        }
        Ok(())
    }

    /// Gives the directory its name.
    pub(crate) fn finish(self) -> Result<(), QuantizeError> {
        let path = self.path;
        if path.symlink_metadata().is_ok() {
            return Err(QuantizeError::OutputExists { path });
        }
        fs::rename(self.beside.path(), &path).map_err(not_written("name", &path))?;
        // It has another name now, under which it stays.
        drop(self.beside.keep());
        Ok(())
    }
}

/// Planned tensors in files of at most [`SHARD_BYTES`], as far as single tensors are not larger.
pub(crate) fn in_shards(tensors: Vec<PlannedTensor>) -> Vec<(String, Vec<PlannedTensor>)> {
    let mut shards: Vec<Vec<PlannedTensor>> = vec![Vec::new()];
    let mut filled_bytes = 0;
    for tensor in tensors {
        filled_bytes += tensor.byte_len();
        if filled_bytes > SHARD_BYTES && shards.last().is_some_and(|shard| !shard.is_empty()) {
            filled_bytes = tensor.byte_len();
            shards.push(Vec::new());
        }
        shards.last_mut().unwrap_or(&mut Vec::new()).push(tensor);
    }
    let count = shards.len();
    let name = |number| match count {
        1 => "model.safetensors".to_owned(),
        _ => format!("model-{number:05}-of-{count:05}.safetensors"),
    };
    (1..).map(name).zip(shards).collect()
}

fn not_written(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> QuantizeError {
    let path = path.to_owned();
    move |source| QuantizeError::NotWritten {
        action,
        path,
        source,
    }
}
