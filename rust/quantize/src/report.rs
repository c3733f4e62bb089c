//! What was made of what, in figures.

use headroom_formats::{LayerQuantization, TensorInfo};
use headroom_mlx::allocator;
use headroom_models::ModelContents;
use serde::Serialize;

use crate::error::QuantizeError;
use crate::plan::{Step, changed, stored_bytes, total_bytes};

/// What was made of what.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Values in the weights.
    pub parameters: u64,
    /// Bytes of the tensors that the model uses, before.
    pub bytes_before: u64,
    /// Bytes of them after.
    pub bytes_after: u64,
    /// Bits per value, before.
    pub bits_per_weight_before: f64,
    /// Bits per value after, scales and biases included.
    pub bits_per_weight_after: f64,
    /// Matrices that were changed.
    pub changed_matrices: usize,
    /// The most memory that MLX held on the way.
    pub peak_mlx_bytes: u64,
}

impl Report {
    /// Of a checkpoint and the steps that were taken.
    pub(crate) fn of(contents: &ModelContents, steps: &[Step]) -> Result<Self, QuantizeError> {
        let bytes_before = stored_bytes(contents, None);
        let (parameters, bytes_after) = (parameters(contents), total_bytes(steps));
        let per_weight = |bytes: u64| bytes as f64 * 8.0 / parameters as f64;
        Ok(Self {
            parameters,
            bytes_before,
            bytes_after,
            bits_per_weight_before: per_weight(bytes_before),
            bits_per_weight_after: per_weight(bytes_after),
            changed_matrices: changed(steps),
            peak_mlx_bytes: allocator::read()?.peak_bytes,
        })
    }
}

/// Values of all tensors; packed words count as what they hold, scales and biases not at all.
pub(crate) fn parameters(contents: &ModelContents) -> u64 {
    let info = |name: &str| contents.checkpoint.info(name);
    let elements = |name: &str| info(name).map_or(0, TensorInfo::element_count);
    let all = contents.tensors.iter().map(|tensor| elements(&tensor.name));
    let packed = contents.matrices.iter().filter_map(|matrix| {
        let LayerQuantization::Quantized(_) = matrix.stored_as else {
            return None;
        };
        let part = |part: &str| format!("{}.{part}", matrix.layer);
        let stored = ["weight", "scales", "biases"].map(|name| elements(&part(name)));
        let rows = info(&part("weight")).and_then(|info| info.shape.first().copied());
        let values = rows.unwrap_or(0) as u64 * matrix.inputs as u64;
        Some((values, stored.iter().sum::<u64>()))
    });
    packed.fold(all.sum(), |sum: u64, (values, stored)| {
        sum - stored + values
    })
}
