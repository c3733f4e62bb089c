//! A matrix of which a step needs only the rows that its tokens name: in memory, or left in its file.

use headroom_mlx::{Array, Exception};
use serde::Serialize;

use crate::error::ModelError;
use crate::linear::Matrix;
use crate::matrix_in_file::MatrixInFile;

/// Where an embedding's table lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbeddingPlacement {
    /// Read once, like any other tensor.
    #[default]
    Memory,
    /// Rows are read for each step that needs them, and nothing of the table stays in memory.
    File,
}

/// A table `(rows, width)`.
#[derive(Debug)]
pub(crate) enum Table {
    /// All of it in memory.
    Memory(Matrix),
    /// All of it in its file.
    File(MatrixInFile),
}

impl Table {
    /// The rows that `indices (...)`, uint32, name, as `(..., width)`: the same to the bit from both
    /// places, in the precision that activations have. A table in its file needs the indices' values,
    /// so they are evaluated.
    ///
    /// # Errors
    /// From the file, when an index has no row or the file cannot be read.
    pub(crate) fn rows(&self, indices: &Array) -> Result<Array, ModelError> {
        match self {
            Self::Memory(matrix) => Ok(matrix.rows(indices)?),
            Self::File(matrix) => {
                let wanted = Wanted::of(indices, matrix.row_count())?;
                Ok(matrix.gather(&wanted.rows)?.rows(&wanted.places)?)
            }
        }
    }
}

/// What a step wants of a table: each row once, and where it goes.
struct Wanted {
    /// In the order of the file.
    rows: Vec<u32>,
    /// For each index its place among the rows, uint32 of the indices' shape.
    places: Array,
}

impl Wanted {
    fn of(indices: &Array, row_count: u64) -> Result<Self, ModelError> {
        let ids = values_of(indices)?;
        refuse_rows_past(row_count, &ids)?;
        let mut rows = ids.clone();
        rows.sort_unstable();
        rows.dedup();
        let place = |id: &u32| rows.partition_point(|row| row < id) as u32;
        let places: Vec<u32> = ids.iter().map(place).collect();
        Ok(Self {
            places: Array::from_slice(&places, indices.shape()),
            rows,
        })
    }
}

/// Evaluates them.
fn values_of(indices: &Array) -> Result<Vec<u32>, Exception> {
    let values = indices.contiguous()?.to_vec_exact::<u32>();
    values.map_err(|error| Exception::custom(error.to_string()))
}

fn refuse_rows_past(row_count: u64, ids: &[u32]) -> Result<(), ModelError> {
    match ids.iter().position(|&id| u64::from(id) >= row_count) {
        None => Ok(()),
        Some(position) => Err(ModelError::TokenOutOfRange {
            id: ids[position],
            position,
            vocabulary_size: u32::try_from(row_count).unwrap_or(u32::MAX),
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::path::{Path, PathBuf};

    use headroom_formats::{Checkpoint, ConfigFile, Quantization};
    use headroom_mlx::bytes_of_array;

    use super::*;
    use crate::tensor_source::{Inventory, Reader, Stored, TensorSource};
    use crate::weights::read_weights;

    const LAYER: &str = "model.embed_tokens";

    fn models() -> impl Iterator<Item = PathBuf> {
        headroom_mlx::start().unwrap();
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/cases");
        let names = [
            "llama-float32",
            "llama-float16",
            "llama-bfloat16-tied",
            "llama-2-bit-group-32",
            "llama-3-bit-group-128",
            "llama-4-bit-group-64",
            "llama-8-bit-group-32-tied",
            "qwen3-mxfp4",
            "qwen3-mxfp8-tied",
            "qwen3-nvfp4",
        ];
        names.map(|name| cases.join(name).join("model")).into_iter()
    }

    /// The embedding's table from both places, and how many rows it has.
    fn tables(model: &Path) -> ([Table; 2], u32) {
        let config = ConfigFile::read(&model.join("config.json")).unwrap();
        let size = |name| config.integer(name, 1..=1 << 20).unwrap() as usize;
        let [rows, width] = ["vocab_size", "hidden_size"].map(size);
        let quantization = Quantization::from_config(&config).unwrap();
        let stored = Stored {
            checkpoint: &Checkpoint::open(model).unwrap(),
            quantization: quantization.as_ref(),
            embedding: EmbeddingPlacement::Memory,
        };
        let mut inventory = Inventory::new(stored);
        inventory
            .table(LAYER, rows, width, EmbeddingPlacement::Memory)
            .unwrap();
        let go_on = &mut |_| ControlFlow::Continue(());
        let weights = read_weights(stored.checkpoint, inventory.to_read(), go_on).unwrap();
        let mut reader = Reader::new(stored, weights);
        let places = [EmbeddingPlacement::Memory, EmbeddingPlacement::File];
        let tables = places.map(|place| reader.table(LAYER, rows, width, place).unwrap());
        (tables, rows as u32)
    }

    #[test]
    fn rows_are_the_same_to_the_bit_from_memory_and_file() {
        for model in models() {
            let ([memory, file], rows) = tables(&model);
            let ids = [rows - 1, 0, 7, 8, 7, 3, 9, 0];
            for shape in [&[1, 8][..], &[2, 4], &[8, 1], &[8]] {
                let ids = Array::from_slice(&ids, shape);
                let [expected, found] = [&memory, &file].map(|table| table.rows(&ids).unwrap());
                assert_eq!(
                    (found.shape(), found.dtype()),
                    (expected.shape(), expected.dtype())
                );
                let [expected, found] =
                    [expected, found].map(|rows| bytes_of_array(&rows).unwrap());
                assert!(expected == found, "{}", model.display());
            }
        }
    }

    #[test]
    fn indices_that_are_yet_to_be_computed_are_evaluated() {
        let model = models().next().unwrap();
        let ([_, file], _) = tables(&model);
        let ids = Array::from_slice(&[1u32, 2, 3, 4], &[2, 2]);
        let transposed = file.rows(&ids.t()).unwrap();
        let written_out = file
            .rows(&Array::from_slice(&[1u32, 3, 2, 4], &[2, 2]))
            .unwrap();
        assert_eq!(
            bytes_of_array(&transposed).unwrap(),
            bytes_of_array(&written_out).unwrap()
        );
    }

    #[test]
    fn an_id_without_a_row_is_refused_where_it_stands() {
        for model in models() {
            let ([_, file], rows) = tables(&model);
            let ids = Array::from_slice(&[0, rows], &[1, 2]);
            assert!(matches!(
                file.rows(&ids),
                Err(ModelError::TokenOutOfRange { id, position: 1, vocabulary_size })
                    if id == rows && vocabulary_size == rows
            ));
        }
    }
}
