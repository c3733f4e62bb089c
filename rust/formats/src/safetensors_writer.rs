//! Writing a safetensors file tensor by tensor: what is to come is said first, so that no more than
//! one tensor need be there at a time.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::bounded_read::io_error;
use crate::dtype::Dtype;
use crate::error::FormatError;

/// A tensor that is going to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTensor {
    /// Its name in the file.
    pub name: String,
    /// Element type.
    pub dtype: Dtype,
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
}

impl PlannedTensor {
    /// Bytes that its elements take.
    pub fn byte_len(&self) -> u64 {
        let elements = self.shape.iter().map(|&size| size as u64);
        elements.fold(self.dtype.size_bytes(), u64::saturating_mul)
    }
}

/// A file that is being written, or whatever else takes its bytes.
#[derive(Debug)]
pub struct SafetensorsWriter<W: Write = BufWriter<File>> {
    path: PathBuf,
    sink: W,
    /// What is still to come, in this order.
    planned: VecDeque<PlannedTensor>,
}

/// Headers are padded to this, so that tensors of every type begin at a multiple of their size where
/// those before them do.
const HEADER_ALIGNMENT: usize = 8;

impl SafetensorsWriter {
    /// Makes the file and writes its header. Tensors must come in the order of `planned`.
    ///
    /// # Errors
    /// When the file cannot be made or written.
    pub fn create(
        path: &Path,
        planned: Vec<PlannedTensor>,
        metadata: &[(&str, &str)],
    ) -> Result<Self, FormatError> {
        let file = File::create(path).map_err(|error| io_error("create", path, error))?;
        Self::over(path, BufWriter::new(file), planned, metadata)
    }

    /// Puts everything on disk.
    ///
    /// # Errors
    /// When a tensor was not written, or the disk refuses.
    pub fn finish(self) -> Result<(), FormatError> {
        let path = self.path.clone();
        let failed = |error| io_error("write", &path, error);
        let file = self
            .into_sink()?
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)
    }
}

impl<W: Write> SafetensorsWriter<W> {
    /// Writes the header into `sink`, which stands for the file at `path` in errors. Tensors must come
    /// in the order of `planned`.
    ///
    /// # Errors
    /// When the sink refuses.
    pub fn over(
        path: &Path,
        sink: W,
        planned: Vec<PlannedTensor>,
        metadata: &[(&str, &str)],
    ) -> Result<Self, FormatError> {
        let mut writer = Self {
            path: path.to_owned(),
            sink,
            planned: planned.into(),
        };
        let header = header(&writer.planned, metadata);
        writer.put(&(header.len() as u64).to_le_bytes())?;
        writer.put(&header)?;
        Ok(writer)
    }

    /// Writes the next tensor's bytes, row-major and little-endian.
    ///
    /// # Errors
    /// When it is not the one whose turn it is, or has another length, or cannot be written.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), FormatError> {
        let Some(next) = self.planned.pop_front().filter(|next| next.name == name) else {
            return Err(FormatError::UnknownTensor {
                directory: self.path.clone(),
                tensor: name.to_owned(),
            });
        };
        if next.byte_len() != bytes.len() as u64 {
            return Err(FormatError::BufferLength {
                tensor: next.name,
                tensor_bytes: next.shape.iter().product::<usize>() as u64 * next.dtype.size_bytes(),
                buffer_bytes: bytes.len() as u64,
            });
        }
        self.put(bytes)
    }

    /// The sink, which now has every byte.
    ///
    /// # Errors
    /// When a tensor was not written.
    pub fn into_sink(self) -> Result<W, FormatError> {
        match self.planned.front() {
            None => Ok(self.sink),
            Some(missing) => Err(FormatError::UnknownTensor {
                directory: self.path,
                tensor: missing.name.clone(),
            }),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        let written = self.sink.write_all(bytes);
        written.map_err(|error| io_error("write", &self.path, error))
    }
}

fn header(planned: &VecDeque<PlannedTensor>, metadata: &[(&str, &str)]) -> Vec<u8> {
    let mut fields = Map::new();
    let metadata = metadata.iter();
    let metadata = metadata.map(|&(key, value)| (key.to_owned(), Value::from(value)));
    fields.insert("__metadata__".to_owned(), Value::Object(metadata.collect()));
    let mut start = 0u64;
    for tensor in planned {
        let end = start.saturating_add(tensor.byte_len());
        let entry = json!({
            "dtype": tensor.dtype.name(),
            "shape": tensor.shape,
            "data_offsets": [start, end],
        });
        fields.insert(tensor.name.clone(), entry);
        start = end;
    }
    let mut text = Value::Object(fields).to_string().into_bytes();
    text.resize(text.len().next_multiple_of(HEADER_ALIGNMENT), b' ');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::test_files::TestDirectory;

    fn planned(name: &str, dtype: Dtype, shape: &[usize]) -> PlannedTensor {
        PlannedTensor {
            name: name.to_owned(),
            dtype,
            shape: shape.to_vec(),
        }
    }

    fn both() -> Vec<PlannedTensor> {
        vec![
            planned("weight", Dtype::Uint32, &[2, 1]),
            planned("a.bias", Dtype::Bfloat16, &[3]),
        ]
    }

    #[test]
    fn what_is_written_passes_the_gate_and_the_library() {
        let directory = TestDirectory::new();
        let path = directory.path().join("model.safetensors");
        let mut writer = SafetensorsWriter::create(&path, both(), &[("format", "mlx")]).unwrap();
        writer.write("weight", &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
        writer.write("a.bias", &[9, 10, 11, 12, 13, 14]).unwrap();
        writer.finish().unwrap();
        let checkpoint = Checkpoint::open_file(&path).unwrap();
        assert_eq!(checkpoint.read("a.bias").unwrap(), [9, 10, 11, 12, 13, 14]);
        assert_eq!(checkpoint.metadata("format"), Some("mlx"));
        let bytes = std::fs::read(&path).unwrap();
        let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(tensors.tensor("weight").unwrap().shape(), [2, 1]);
    }

    #[test]
    fn another_order_another_length_and_an_early_end_are_errors() {
        let directory = TestDirectory::new();
        let path = directory.path().join("model.safetensors");
        let new = || SafetensorsWriter::create(&path, both(), &[]).unwrap();
        assert!(new().write("a.bias", &[0; 6]).is_err());
        assert!(new().write("weight", &[0; 7]).is_err());
        assert!(new().finish().is_err());
    }
}
