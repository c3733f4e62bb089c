//! The shards as they fill, one after the other.

use std::ops::ControlFlow;

use headroom_formats::{PlannedTensor, SafetensorsWriter};
use headroom_mlx::allocator;
use headroom_models::ModelContents;

use crate::error::QuantizeError;
use crate::matrix::{cast, changed_matrix};
use crate::output_directory::OutputDirectory;
use crate::plan::{Source, Step};

/// How far the work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes written.
    pub written_bytes: u64,
    /// Bytes that there will be.
    pub total_bytes: u64,
}

/// A checkpoint on its way into shards.
pub(crate) struct Writing<'a> {
    pub(crate) contents: &'a ModelContents,
    pub(crate) output: &'a OutputDirectory,
    /// Those that are not begun.
    pub(crate) shards: std::slice::Iter<'a, (String, Vec<PlannedTensor>)>,
    pub(crate) current: Option<Shard>,
    pub(crate) progress: Progress,
}

pub(crate) struct Shard {
    writer: SafetensorsWriter,
    tensors_left: usize,
}

impl Writing<'_> {
    /// Writes what a step makes.
    pub(crate) fn write(
        &mut self,
        step: &Step,
        on_progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(), QuantizeError> {
        match &step.source {
            Source::Copy(name) => {
                let bytes = self.contents.checkpoint.read(name)?;
                self.put(name, &bytes)?;
            }
            Source::Cast { name, to } => {
                let bytes = cast(self.contents, name, *to)?;
                self.put(name, &bytes)?;
                allocator::clear_cache()?;
            }
            Source::Matrix {
                matrix,
                change,
                float,
            } => {
                let to = (*change, *float);
                let buffers = changed_matrix(self.contents, matrix, to, &step.written)?;
                for (tensor, bytes) in step.written.iter().zip(&buffers) {
                    self.put(&tensor.name, bytes)?;
                }
                allocator::clear_cache()?;
            }
        }
        match on_progress(self.progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(QuantizeError::Cancelled),
        }
    }

    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), QuantizeError> {
        self.begin_shard_if_due()?;
        if let Some(shard) = &mut self.current {
            shard.writer.write(name, bytes)?;
            shard.tensors_left -= 1;
        }
        self.progress.written_bytes += bytes.len() as u64;
        Ok(())
    }

    fn begin_shard_if_due(&mut self) -> Result<(), QuantizeError> {
        if self
            .current
            .as_ref()
            .is_some_and(|shard| shard.tensors_left > 0)
        {
            return Ok(());
        }
        self.finish()?;
        if let Some((name, tensors)) = self.shards.next() {
            self.current = Some(Shard {
                tensors_left: tensors.len(),
                writer: self.output.shard(name, tensors.clone())?,
            });
        }
        Ok(())
    }

    /// Ends the shard that is being written.
    pub(crate) fn finish(&mut self) -> Result<(), QuantizeError> {
        match self.current.take() {
            Some(shard) => Ok(shard.writer.finish()?),
            None => Ok(()),
        }
    }
}
