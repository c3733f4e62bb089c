//! A matrix of which rows are read when they are wanted.

use std::collections::BTreeMap;
use std::ops::Range;

use headroom_formats::{Checkpoint, LayerQuantization, QuantizedTensors, TensorRows};
use headroom_mlx::{Array, Exception, QuantizedMatrix, array_from_bytes};

use crate::error::ModelError;
use crate::linear::{Matrix, packed_matrix};
use crate::tensor_source::mlx_dtype;

/// A weight `(out, in)` that stays in its file, as the checkpoint stores it.
#[derive(Debug)]
pub struct MatrixInFile(Stored);

#[derive(Debug)]
enum Stored {
    Dense(TensorRows),
    Quantized(Box<QuantizedInFile>),
}

/// The tensors of a quantised matrix.
#[derive(Debug)]
struct QuantizedInFile {
    tensors: QuantizedTensors,
    /// Where their rows are, by name.
    rows: BTreeMap<String, TensorRows>,
    row_count: u64,
}

impl MatrixInFile {
    /// The weight `(rows, width)` of `layer`, whose tensors have been held to what is expected.
    pub(crate) fn open(
        checkpoint: &Checkpoint,
        layer: &str,
        [rows, width]: [usize; 2],
        stored_as: LayerQuantization,
    ) -> Result<Self, ModelError> {
        let layout = match stored_as {
            LayerQuantization::Quantized(layout) => layout,
            LayerQuantization::Dense => {
                return Ok(Self(Stored::Dense(
                    checkpoint.rows(&format!("{layer}.weight"))?,
                )));
            }
        };
        let tensors = layout.expected_tensors(layer, &[rows, width])?;
        let names = tensors.clone().into_vec().into_iter();
        let in_file = names.map(|tensor| Ok((tensor.name.clone(), checkpoint.rows(&tensor.name)?)));
        Ok(Self(Stored::Quantized(Box::new(QuantizedInFile {
            rows: in_file.collect::<Result<_, ModelError>>()?,
            row_count: rows as u64,
            tensors,
        }))))
    }

    /// How many rows there are.
    pub fn row_count(&self) -> u64 {
        match &self.0 {
            Stored::Dense(weight) => weight.rows(),
            Stored::Quantized(matrix) => matrix.row_count,
        }
    }

    /// The values of consecutive rows, `(rows, in)`: of the type in which a dense weight is stored or
    /// the scales are, or bfloat16 where scales are bytes.
    ///
    /// # Errors
    /// When there are no such rows or the file cannot be read.
    pub fn values(&self, rows: Range<u32>) -> Result<Array, ModelError> {
        match self.gather(&rows.collect::<Vec<_>>())? {
            Matrix::Dense(weight) => Ok(weight),
            Matrix::Quantized(matrix) => Ok(matrix.unpack()?),
        }
    }

    /// A matrix of nothing but these rows.
    pub(crate) fn gather(&self, rows: &[u32]) -> Result<Matrix, ModelError> {
        Ok(match &self.0 {
            Stored::Dense(weight) => Matrix::Dense(read_rows(weight, rows)?),
            Stored::Quantized(matrix) => Matrix::Quantized(matrix.gather(rows)?),
        })
    }
}

impl QuantizedInFile {
    fn gather(&self, rows: &[u32]) -> Result<QuantizedMatrix, ModelError> {
        packed_matrix(self.tensors.clone(), |tensor| {
            let in_file = self.rows.get(&tensor.name);
            // Each of them was found when the table was opened.
            let in_file = in_file.ok_or_else(|| Exception::custom("a table lost a tensor"))?;
            read_rows(in_file, rows)
        })
    }
}

fn read_rows(tensor: &TensorRows, rows: &[u32]) -> Result<Array, ModelError> {
    let row_bytes = usize::try_from(tensor.row_bytes()).unwrap_or(usize::MAX);
    let mut bytes = vec![0; rows.len().saturating_mul(row_bytes)];
    tensor.read_into(rows, &mut bytes)?;
    let shape: Vec<usize> = [rows.len()]
        .into_iter()
        .chain(tensor.row_shape().iter().copied())
        .collect();
    Ok(array_from_bytes(&bytes, &shape, mlx_dtype(tensor.dtype()))?)
}
