//! All of a model's tensors, read into the memory that keeps them before the model is built.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use headroom_formats::{Checkpoint, ExpectedTensor, FormatError, TensorBuffers};
use headroom_mlx::{Array, ArrayBlock, ArrayLayout};

use crate::error::ModelError;
use crate::model::LoadProgress;
use crate::tensor_source::mlx_dtype;

/// Hears how far reading has come and says whether to go on.
pub(crate) type OnProgress<'a> = &'a mut dyn FnMut(LoadProgress) -> ControlFlow<()>;

/// Arrays by the names of their tensors.
pub(crate) type Weights = BTreeMap<String, Array>;

/// Reads the tensors that are expected, which the checkpoint has been held to. Nothing is there
/// twice: memory is taken for all of them first, and each byte goes from its file to its place.
///
/// # Errors
/// When there is no memory, a file cannot be read or has changed, or `on_progress` stops it.
pub(crate) fn read_weights<'a>(
    checkpoint: &Checkpoint,
    expected: impl Iterator<Item = &'a ExpectedTensor>,
    on_progress: OnProgress<'_>,
) -> Result<Weights, ModelError> {
    let names: BTreeSet<&str> = expected.map(|tensor| &*tensor.name).collect();
    let mut block = block_for(checkpoint, &names)?;
    let buffers: TensorBuffers = names.iter().copied().zip(block.parts()).collect();
    let total_bytes = buffers.iter().map(|(_, buffer)| buffer.len() as u64).sum();
    let outcome = checkpoint.read_all(buffers, &mut |read_bytes| {
        on_progress(LoadProgress {
            read_bytes,
            total_bytes,
        })
    })?;
    if outcome == ControlFlow::Break(()) {
        return Err(ModelError::Cancelled);
    }
    let names = names.into_iter().map(str::to_owned);
    Ok(names.zip(block.into_arrays()?).collect())
}

/// Memory for these tensors.
fn block_for(checkpoint: &Checkpoint, names: &BTreeSet<&str>) -> Result<ArrayBlock, ModelError> {
    let mut layouts = Vec::with_capacity(names.len());
    let mut needed_bytes = 0;
    for name in names {
        let info = checkpoint
            .info(name)
            .ok_or_else(|| checkpoint.no_tensor(name))?;
        layouts.push(ArrayLayout::new(&info.shape, mlx_dtype(info.dtype))?);
        needed_bytes += info.byte_len();
    }
    let block = ArrayBlock::new(layouts);
    block.map_err(|_| out_of_memory(checkpoint, needed_bytes).into())
}

fn out_of_memory(checkpoint: &Checkpoint, needed_bytes: u64) -> FormatError {
    FormatError::OutOfMemory {
        path: checkpoint.location().to_owned(),
        what: "all its tensors".to_owned(),
        needed_bytes,
    }
}

/// One tensor of a checkpoint, read straight into the memory that keeps it.
///
/// # Errors
/// When there is no such tensor or no memory for it, or its file has changed.
pub fn read_tensor(checkpoint: &Checkpoint, name: &str) -> Result<Array, ModelError> {
    let mut block = block_for(checkpoint, &BTreeSet::from([name]))?;
    for buffer in block.parts() {
        checkpoint.read_into(name, buffer)?;
    }
    let array = block.into_arrays()?.into_iter().next();
    array.ok_or_else(|| checkpoint.no_tensor(name).into())
}
