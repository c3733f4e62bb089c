//! All of a model's tensors, read into the memory that keeps them before the model is built.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use headroom_formats::{Checkpoint, ExpectedTensor, FormatError, TensorInfo};
use headroom_mlx::{Array, ArrayMemory, use_huge_pages};

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
    let mut memories = BTreeMap::new();
    for tensor in expected {
        memories.insert(&*tensor.name, memory_for(checkpoint, tensor)?);
    }
    use_huge_pages(memories.values_mut());
    let total_bytes = memories
        .values_mut()
        .map(|memory| memory.bytes().len() as u64)
        .sum();
    let buffers = memories
        .iter_mut()
        .map(|(name, memory)| (*name, memory.bytes()));
    let outcome = checkpoint.read_all(buffers.collect(), &mut |read_bytes| {
        on_progress(LoadProgress {
            read_bytes,
            total_bytes,
        })
    })?;
    if outcome == ControlFlow::Break(()) {
        return Err(ModelError::Cancelled);
    }
    let arrays = memories.into_iter();
    arrays
        .map(|(name, memory)| Ok((name.to_owned(), memory.into_array()?)))
        .collect()
}

fn memory_for(
    checkpoint: &Checkpoint,
    tensor: &ExpectedTensor,
) -> Result<ArrayMemory, FormatError> {
    let info = checkpoint.info(&tensor.name);
    let info = info.ok_or_else(|| checkpoint.no_tensor(&tensor.name))?;
    ArrayMemory::new(&info.shape, mlx_dtype(info.dtype))
        .map_err(|_| out_of_memory(checkpoint, tensor, info))
}

fn out_of_memory(
    checkpoint: &Checkpoint,
    tensor: &ExpectedTensor,
    info: &TensorInfo,
) -> FormatError {
    FormatError::OutOfMemory {
        path: checkpoint.location().to_owned(),
        what: tensor.name.clone(),
        needed_bytes: info.byte_len(),
    }
}
