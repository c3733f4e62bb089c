//! A KV cache on disk, while its generation is paused.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use headroom_mlx::{Array, Dtype, array_from_bytes, bytes_of_array};
use headroom_models::ModelCache;

use crate::error::EngineError;

/// The arrays of a cache in a file that has no name and goes with the process.
pub(crate) struct SpilledCache {
    file: File,
    arrays: VecDeque<SpilledArray>,
}

struct SpilledArray {
    shape: Vec<usize>,
    dtype: Dtype,
    bytes: usize,
}

impl SpilledCache {
    /// Moves the arrays of `cache` to disk. When that fails, those already moved come back first, so
    /// that nothing is lost.
    pub(crate) fn spill(cache: &mut ModelCache) -> Result<Self, EngineError> {
        let mut spilled = Self {
            file: tempfile::tempfile()?,
            arrays: VecDeque::new(),
        };
        match spilled.take_all(cache) {
            Ok(()) => Ok(spilled),
            Err(error) => {
                spilled.restore(cache)?;
                Err(error)
            }
        }
    }

    fn take_all(&mut self, cache: &mut ModelCache) -> Result<(), EngineError> {
        let mut writer = BufWriter::new(self.file.try_clone()?);
        for array in cache.arrays_mut() {
            let bytes = bytes_of_array(array)?;
            writer.write_all(&bytes)?;
            writer.flush()?;
            self.arrays.push_back(SpilledArray {
                shape: array.shape().iter().map(|&size| size as usize).collect(),
                dtype: array.dtype(),
                bytes: bytes.len(),
            });
            *array = Array::from_f32(0.0);
        }
        Ok(())
    }

    /// Brings the arrays back, in the order in which they went.
    pub(crate) fn restore(mut self, cache: &mut ModelCache) -> Result<(), EngineError> {
        self.file.rewind()?;
        let mut reader = BufReader::new(self.file);
        for (array, spilled) in cache.arrays_mut().zip(self.arrays.drain(..)) {
            *array = spilled.read(&mut reader)?;
        }
        Ok(())
    }
}

impl SpilledArray {
    fn read(&self, reader: &mut impl Read) -> Result<Array, EngineError> {
        let mut bytes = vec![0; self.bytes];
        reader.read_exact(&mut bytes)?;
        Ok(array_from_bytes(&bytes, &self.shape, self.dtype)?)
    }
}

impl From<io::Error> for EngineError {
    fn from(error: io::Error) -> Self {
        Self::Spill(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use headroom_mlx::ops::arange;
    use headroom_models::{CacheLayout, LogitRows};

    use super::*;

    #[test]
    fn a_cache_comes_back_as_it_went() {
        headroom_mlx::start().unwrap();
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/storyteller");
        let path = std::path::Path::new(directory);
        let go_on = &mut |_| std::ops::ControlFlow::Continue(());
        let model = headroom_models::open(path, headroom_models::EmbeddingPlacement::Memory, go_on)
            .unwrap();
        let mut cache = model.new_cache(CacheLayout::Simple);
        let tokens = arange::<u32, u32>(3, 40, 1).unwrap();
        let tokens = tokens.reshape(&[1, 37]).unwrap();
        model
            .forward(&tokens, &mut [&mut cache], LogitRows::Last)
            .unwrap();
        let bytes = |cache: &ModelCache| -> Vec<_> {
            let arrays = cache.arrays().map(|array| bytes_of_array(array).unwrap());
            arrays.collect()
        };
        let before = bytes(&cache);
        let spilled = SpilledCache::spill(&mut cache).unwrap();
        assert!(cache.allocated_bytes() < 100);
        spilled.restore(&mut cache).unwrap();
        assert!(bytes(&cache) == before);
    }
}
