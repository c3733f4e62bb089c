//! Where a family's constructor gets its tensors from.
//!
//! A constructor runs twice over the same code: once against an [`Inventory`], which only writes
//! down what the configuration demands, so that the checkpoint can be held to it before anything is
//! allocated; and once against a [`Reader`], which has all of it. So the list of tensors and the code
//! that uses them cannot drift apart.

use std::collections::BTreeSet;

use headroom_formats::{
    Checkpoint, Dtype as StoredDtype, ExpectedTensor, LayerQuantization, Quantization, TensorInfo,
};
use headroom_mlx::{Array, Dtype, Exception, Processor};

use crate::contents::StoredMatrix;
use crate::error::ModelError;
use crate::linear::Matrix;
use crate::matrix_in_file::MatrixInFile;
use crate::replaced_matrix::ReplacedMatrix;
use crate::table::{EmbeddingPlacement, Table};
use crate::weights::Weights;

/// Hands out a checkpoint's tensors by name.
pub(crate) trait TensorSource {
    /// The tensor that `expected` describes.
    fn tensor(&mut self, expected: ExpectedTensor) -> Result<Array, ModelError>;

    /// The weight `(rows, width)` of `layer`, of which single rows are wanted.
    fn table(
        &mut self,
        layer: &str,
        rows: usize,
        width: usize,
        placement: EmbeddingPlacement,
    ) -> Result<Table, ModelError>;

    /// Where a table lies that no head shares.
    fn embedding_placement(&self) -> EmbeddingPlacement;

    /// How the layer of that name, with that many inputs, is stored.
    fn stored_as(&mut self, layer: &str, inputs: usize) -> LayerQuantization;

    /// Whether the checkpoint has this tensor at all, for what a configuration leaves open.
    fn contains(&self, name: &str) -> bool;

    /// The tensor that `expected` describes, once `prepare` has made of it what the model uses.
    fn prepared(
        &mut self,
        expected: ExpectedTensor,
        prepare: &dyn Fn(Array) -> Result<Array, Exception>,
    ) -> Result<Array, ModelError>;

    /// A small floating-point tensor (norm weight, bias) in the precision that activations have.
    fn vector(&mut self, name: String, length: usize) -> Result<Array, ModelError>;
}

/// What both sources know: the files, how their layers are stored, and where tables are wanted.
#[derive(Clone, Copy)]
pub(crate) struct Stored<'a> {
    pub(crate) checkpoint: &'a Checkpoint,
    pub(crate) quantization: Option<&'a Quantization>,
    pub(crate) embedding: EmbeddingPlacement,
}

impl Stored<'_> {
    fn stored_as(&self, layer: &str, inputs: usize) -> LayerQuantization {
        match self.quantization {
            Some(quantization) => quantization.for_layer(layer, inputs, self.checkpoint),
            None => LayerQuantization::Dense,
        }
    }
}

/// Writes down every tensor that is asked for and hands out placeholders.
pub(crate) struct Inventory<'a> {
    stored: Stored<'a>,
    expected: Vec<ExpectedTensor>,
    /// Names of those that stay in their files.
    left_in_files: BTreeSet<String>,
    matrices: Vec<StoredMatrix>,
    resident_bytes: u64,
}

impl<'a> Inventory<'a> {
    pub(crate) fn new(stored: Stored<'a>) -> Self {
        Self {
            stored,
            expected: Vec::new(),
            left_in_files: BTreeSet::new(),
            matrices: Vec::new(),
            resident_bytes: 0,
        }
    }

    /// Everything that was asked for, and the matrices among it.
    pub(crate) fn into_parts(self) -> (Vec<ExpectedTensor>, Vec<StoredMatrix>) {
        (self.expected, self.matrices)
    }

    /// The tensors that were asked for.
    pub(crate) fn expected(&self) -> &[ExpectedTensor] {
        &self.expected
    }

    /// Those of them that are to be read before the model is built.
    pub(crate) fn to_read(&self) -> impl Iterator<Item = &ExpectedTensor> {
        let expected = self.expected.iter();
        expected.filter(|tensor| !self.left_in_files.contains(&tensor.name))
    }

    /// What they will take in memory: all that does not stay in its file.
    pub(crate) fn resident_bytes(&self) -> u64 {
        self.resident_bytes
    }

    fn stored_bytes(&self, name: &str) -> u64 {
        let info = self.stored.checkpoint.info(name);
        info.map_or(0, TensorInfo::byte_len)
    }
}

impl TensorSource for Inventory<'_> {
    fn tensor(&mut self, expected: ExpectedTensor) -> Result<Array, ModelError> {
        self.resident_bytes += self.stored_bytes(&expected.name);
        self.expected.push(expected);
        Ok(Array::from_f32(0.0))
    }

    fn prepared(
        &mut self,
        expected: ExpectedTensor,
        _prepare: &dyn Fn(Array) -> Result<Array, Exception>,
    ) -> Result<Array, ModelError> {
        let elements: usize = expected.shape.iter().product();
        self.resident_bytes += elements as u64 * size_of::<f32>() as u64;
        self.expected.push(expected);
        Ok(Array::from_f32(0.0))
    }

    fn vector(&mut self, name: String, length: usize) -> Result<Array, ModelError> {
        self.resident_bytes += match Processor::current() {
            Processor::Cpu => length as u64 * size_of::<f32>() as u64,
            Processor::Gpu => self.stored_bytes(&name),
        };
        let expected = ExpectedTensor::float(name, vec![length]);
        self.expected.push(expected);
        Ok(Array::from_f32(0.0))
    }

    fn table(
        &mut self,
        layer: &str,
        rows: usize,
        width: usize,
        placement: EmbeddingPlacement,
    ) -> Result<Table, ModelError> {
        let (bytes_before, tensors_before) = (self.resident_bytes, self.expected.len());
        let matrix = Matrix::read(self, layer, rows, width)?;
        if placement == EmbeddingPlacement::File {
            let tensors = self.expected.iter().skip(tensors_before);
            let names = tensors.map(|tensor| tensor.name.clone());
            self.left_in_files.extend(names);
            self.resident_bytes = bytes_before;
        }
        Ok(Table::Memory(matrix))
    }

    fn embedding_placement(&self) -> EmbeddingPlacement {
        self.stored.embedding
    }

    fn stored_as(&mut self, layer: &str, inputs: usize) -> LayerQuantization {
        let stored_as = self.stored.stored_as(layer, inputs);
        self.matrices.push(StoredMatrix {
            layer: layer.to_owned(),
            inputs,
            stored_as,
        });
        stored_as
    }

    fn contains(&self, name: &str) -> bool {
        self.stored.checkpoint.contains(name)
    }
}

/// Hands out tensors that have been read.
pub(crate) struct Reader<'a> {
    stored: Stored<'a>,
    weights: Weights,
    replaced: &'a [ReplacedMatrix],
}

impl<'a> Reader<'a> {
    /// A source of these weights, and of tables in their files.
    pub(crate) fn new(stored: Stored<'a>, weights: Weights) -> Self {
        Self {
            stored,
            weights,
            replaced: &[],
        }
    }

    /// The same, in which some matrices are other ones.
    pub(crate) fn with_replaced(mut self, replaced: &'a [ReplacedMatrix]) -> Self {
        let tensors = replaced.iter().flat_map(ReplacedMatrix::tensors);
        self.weights.extend(tensors);
        self.replaced = replaced;
        self
    }
}

impl TensorSource for Reader<'_> {
    fn tensor(&mut self, expected: ExpectedTensor) -> Result<Array, ModelError> {
        let array = self.weights.remove(&expected.name);
        // Only what the inventory has written down has been read.
        array.ok_or_else(|| self.stored.checkpoint.no_tensor(&expected.name).into())
    }

    fn prepared(
        &mut self,
        expected: ExpectedTensor,
        prepare: &dyn Fn(Array) -> Result<Array, Exception>,
    ) -> Result<Array, ModelError> {
        let prepared = prepare(self.tensor(expected)?)?;
        prepared.eval()?;
        Ok(prepared)
    }

    fn vector(&mut self, name: String, length: usize) -> Result<Array, ModelError> {
        let array = self.tensor(ExpectedTensor::float(name, vec![length]))?;
        Ok(in_activation_precision(array)?)
    }

    fn table(
        &mut self,
        layer: &str,
        rows: usize,
        width: usize,
        placement: EmbeddingPlacement,
    ) -> Result<Table, ModelError> {
        let stored_as = self.stored_as(layer, width);
        let checkpoint = self.stored.checkpoint;
        Ok(match placement {
            EmbeddingPlacement::Memory => Table::Memory(Matrix::read(self, layer, rows, width)?),
            EmbeddingPlacement::File => Table::File(MatrixInFile::open(
                checkpoint,
                layer,
                [rows, width],
                stored_as,
            )?),
        })
    }

    fn embedding_placement(&self) -> EmbeddingPlacement {
        self.stored.embedding
    }

    fn stored_as(&mut self, layer: &str, inputs: usize) -> LayerQuantization {
        let mut replaced = self.replaced.iter();
        match replaced.find(|matrix| matrix.layer() == layer) {
            Some(matrix) => LayerQuantization::Quantized(matrix.layout()),
            None => self.stored.stored_as(layer, inputs),
        }
    }

    fn contains(&self, name: &str) -> bool {
        self.stored.checkpoint.contains(name)
    }
}

/// As activations are: float32 on a CPU, the checkpoint's own precision on a GPU.
pub(crate) fn in_activation_precision(array: Array) -> Result<Array, Exception> {
    match Processor::current() {
        Processor::Cpu => array.as_dtype(Dtype::Float32),
        Processor::Gpu => Ok(array),
    }
}

/// The type under which MLX knows a stored one.
pub(crate) fn mlx_dtype(stored: StoredDtype) -> Dtype {
    match stored {
        StoredDtype::Float32 => Dtype::Float32,
        StoredDtype::Float16 => Dtype::Float16,
        StoredDtype::Bfloat16 => Dtype::Bfloat16,
        StoredDtype::Uint64 => Dtype::Uint64,
        StoredDtype::Uint32 => Dtype::Uint32,
        StoredDtype::Uint16 => Dtype::Uint16,
        StoredDtype::Uint8 => Dtype::Uint8,
        StoredDtype::Int64 => Dtype::Int64,
        StoredDtype::Int32 => Dtype::Int32,
        StoredDtype::Int16 => Dtype::Int16,
        StoredDtype::Int8 => Dtype::Int8,
    }
}
