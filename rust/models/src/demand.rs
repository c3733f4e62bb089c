//! The tensors that a configuration demands, told before there is any file: what a writer of
//! checkpoints has to write.

use headroom_formats::{ConfigFile, ExpectedTensor, LayerQuantization, Quantization};
use headroom_mlx::{Array, Exception};

use crate::error::ModelError;
use crate::family::architecture_of;
use crate::linear::Matrix;
use crate::table::{EmbeddingPlacement, Table};
use crate::tensor_source::TensorSource;

/// Every tensor of the model that `config` describes, in the order in which it is built, quantised as
/// `quantization` says wherever a layer's inputs divide into groups. Where a family's tensors go by
/// several names, these are mlx-lm's.
///
/// # Errors
/// When the family is unknown or a field is missing or not allowed.
pub fn demanded_tensors(config: &ConfigFile) -> Result<Vec<ExpectedTensor>, ModelError> {
    let mut demand = Demand {
        quantization: Quantization::from_config(config)?,
        tensors: Vec::new(),
    };
    architecture_of(config)?.build(&mut demand)?;
    Ok(demand.tensors)
}

/// Writes down what is asked for.
struct Demand {
    quantization: Option<Quantization>,
    tensors: Vec<ExpectedTensor>,
}

impl TensorSource for Demand {
    fn tensor(&mut self, expected: ExpectedTensor) -> Result<Array, ModelError> {
        self.tensors.push(expected);
        Ok(Array::from_f32(0.0))
    }

    fn prepared(
        &mut self,
        expected: ExpectedTensor,
        _prepare: &dyn Fn(Array) -> Result<Array, Exception>,
    ) -> Result<Array, ModelError> {
        self.tensor(expected)
    }

    fn vector(&mut self, name: String, length: usize) -> Result<Array, ModelError> {
        self.tensor(ExpectedTensor::float(name, [length]))
    }

    fn table(
        &mut self,
        layer: &str,
        rows: usize,
        width: usize,
        _placement: EmbeddingPlacement,
    ) -> Result<Table, ModelError> {
        Ok(Table::Memory(Matrix::read(self, layer, rows, width)?))
    }

    fn embedding_placement(&self) -> EmbeddingPlacement {
        EmbeddingPlacement::Memory
    }

    fn stored_as(&mut self, layer: &str, inputs: usize) -> LayerQuantization {
        let Some(quantization) = &self.quantization else {
            return LayerQuantization::Dense;
        };
        let layout = quantization.default;
        let usual = match layout.divides(inputs) {
            true => LayerQuantization::Quantized(layout),
            false => LayerQuantization::Dense,
        };
        quantization.override_for(layer).unwrap_or(usual)
    }

    fn contains(&self, _name: &str) -> bool {
        false
    }
}
