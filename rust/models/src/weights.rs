//! All of a model's tensors, read into the memory that keeps them before the model is built.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use headroom_formats::{Checkpoint, ExpectedTensor, FormatError};
use headroom_mlx::{Array, ArrayBlock, ArrayLayout, map_array};

use crate::error::ModelError;
use crate::model::LoadProgress;
use crate::tensor_source::mlx_dtype;

/// Hears how far reading has come and says whether to go on.
pub(crate) type OnProgress<'a> = &'a mut dyn FnMut(LoadProgress) -> ControlFlow<()>;

/// Arrays by the names of their tensors.
pub(crate) type Weights = BTreeMap<String, Array>;

/// Reads the tensors that are expected, which the checkpoint has been held to. Nothing is there
/// twice: memory is taken for all of them first, and each byte goes from its file to its place. What can
/// be mapped is, and takes no place.
///
/// # Errors
/// When there is no memory, a file cannot be read or has changed, or `on_progress` stops it.
pub(crate) fn read_weights<'a>(
    checkpoint: &Checkpoint,
    expected: impl Iterator<Item = &'a ExpectedTensor>,
    on_progress: OnProgress<'_>,
) -> Result<Weights, ModelError> {
    let mut weights = Weights::new();
    let mut to_read = BTreeMap::new();
    for ExpectedTensor { name, .. } in expected {
        let layout = layout_of(checkpoint, name)?;
        let place = checkpoint.read_only_place(name);
        match place.and_then(|(file, offset)| map_array(file, offset, &layout)) {
            Some(array) => drop(weights.insert(name.clone(), array)),
            None => drop(to_read.insert(name.as_str(), layout)),
        }
    }
    weights.extend(read_into_place(checkpoint, to_read, on_progress)?);
    Ok(weights)
}

fn read_into_place(
    checkpoint: &Checkpoint,
    tensors: BTreeMap<&str, ArrayLayout>,
    on_progress: OnProgress<'_>,
) -> Result<Weights, ModelError> {
    let (names, layouts): (Vec<_>, Vec<_>) = tensors.into_iter().unzip();
    let total_bytes = layouts.iter().map(ArrayLayout::byte_len).sum();
    let mut block = ArrayBlock::new(layouts).map_err(|_| out_of_memory(checkpoint, total_bytes))?;
    let buffers = names.iter().copied().zip(block.parts());
    let outcome = checkpoint.read_all(buffers.collect(), &mut |read_bytes| {
        on_progress(LoadProgress {
            read_bytes,
            total_bytes,
        })
    })?;
    match outcome {
        ControlFlow::Break(()) => Err(ModelError::Cancelled),
        ControlFlow::Continue(()) => {
            let names = names.into_iter().map(str::to_owned);
            Ok(names.zip(block.into_arrays()?).collect())
        }
    }
}

fn layout_of(checkpoint: &Checkpoint, name: &str) -> Result<ArrayLayout, ModelError> {
    let info = checkpoint.info(name);
    let info = info.ok_or_else(|| checkpoint.no_tensor(name))?;
    Ok(ArrayLayout::new(&info.shape, mlx_dtype(info.dtype))?)
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
    let tensor = BTreeMap::from([(name, layout_of(checkpoint, name)?)]);
    let mut read = read_into_place(checkpoint, tensor, &mut |_| ControlFlow::Continue(()))?;
    let array = read.remove(name);
    array.ok_or_else(|| checkpoint.no_tensor(name).into())
}
