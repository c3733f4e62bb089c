//! Many tensors read at once, by several threads, straight into the memory that keeps them.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::checkpoint::Checkpoint;
use crate::error::FormatError;
use crate::shard::Shard;

/// What a thread reads at a time: large enough that fetching the next piece costs nothing, small
/// enough that all threads end together and a host that stops the reading is heard soon.
const PIECE_BYTES: usize = 4 << 20;

/// More threads than this are not faster: memory is the limit.
const MOST_THREADS: usize = 8;

/// They read and do nothing else.
const STACK_BYTES: usize = 128 << 10;

/// A buffer for each tensor, by name.
pub type TensorBuffers<'a> = Vec<(&'a str, &'a mut [u8])>;

impl Checkpoint {
    /// Reads each tensor into its buffer, with as many threads as the machine has use for; the
    /// calling one is among them and calls `on_progress` with the bytes read so far. Breaks when
    /// `on_progress` does; then, and after an error, what is in the buffers means nothing.
    ///
    /// # Errors
    /// As [`Checkpoint::read_into`].
    pub fn read_all(
        &self,
        buffers: TensorBuffers<'_>,
        on_progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, FormatError> {
        let pieces = self.pieces(buffers)?;
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let helpers = threads
            .min(MOST_THREADS)
            .min(pieces.len())
            .saturating_sub(1);
        let work = Work::new(pieces);
        thread::scope(|scope| {
            for _ in 0..helpers {
                let helper = thread::Builder::new().stack_size(STACK_BYTES);
                // Without a helper the others read its share.
                drop(helper.spawn_scoped(scope, || work.run(&mut |_| ControlFlow::Continue(()))));
            }
            work.run(on_progress);
        });
        work.outcome(on_progress)
    }

    /// In the order of the files, which is the one that disks like best.
    fn pieces<'a>(&'a self, buffers: TensorBuffers<'a>) -> Result<Vec<Piece<'a>>, FormatError> {
        let mut placed = Vec::with_capacity(buffers.len());
        for (name, buffer) in buffers {
            let info = self.info_for_buffer(name, buffer.len() as u64)?;
            placed.push((info.shard, info.offset, buffer));
        }
        placed.sort_unstable_by_key(|&(shard, offset, _)| (shard, offset));
        let pieces = placed.into_iter().flat_map(|(shard, offset, buffer)| {
            let starts = (offset..).step_by(PIECE_BYTES);
            let parts = starts.zip(buffer.chunks_mut(PIECE_BYTES));
            parts.map(move |(offset, buffer)| Piece {
                shard: self.shard(shard),
                offset,
                buffer,
            })
        });
        Ok(pieces.collect())
    }
}

/// Bytes that one thread reads at once.
struct Piece<'a> {
    shard: &'a Shard,
    offset: u64,
    buffer: &'a mut [u8],
}

impl Piece<'_> {
    fn read(self) -> Result<u64, FormatError> {
        self.shard.check_length()?;
        self.shard.read_at(self.offset, self.buffer)?;
        Ok(self.buffer.len() as u64)
    }
}

/// What is left to read, and how it went so far.
struct Work<'a> {
    pieces: Mutex<std::vec::IntoIter<Piece<'a>>>,
    read_bytes: AtomicU64,
    is_stopped: AtomicBool,
    failure: Mutex<Option<FormatError>>,
}

impl<'a> Work<'a> {
    fn new(pieces: Vec<Piece<'a>>) -> Self {
        Self {
            pieces: Mutex::new(pieces.into_iter()),
            read_bytes: AtomicU64::new(0),
            is_stopped: AtomicBool::new(false),
            failure: Mutex::new(None),
        }
    }

    /// Reads piece after piece until none is left or somebody stops.
    fn run(&self, after_each: &mut dyn FnMut(u64) -> ControlFlow<()>) {
        while let Some(piece) = self.next() {
            match piece.read() {
                Ok(bytes) => {
                    let read_bytes = self.read_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
                    if after_each(read_bytes).is_break() {
                        self.is_stopped.store(true, Ordering::Relaxed);
                    }
                }
                Err(error) => self.fail(error),
            }
        }
    }

    fn next(&self) -> Option<Piece<'a>> {
        if self.is_stopped.load(Ordering::Relaxed) {
            return None;
        }
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        pieces.next()
    }

    fn fail(&self, error: FormatError) {
        self.is_stopped.store(true, Ordering::Relaxed);
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
    }

    /// Once all threads are done. What the others read last is told here.
    fn outcome(
        self,
        on_progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, FormatError> {
        let failure = self
            .failure
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        match (failure, self.is_stopped.into_inner()) {
            (Some(error), _) => Err(error),
            (None, true) => Ok(ControlFlow::Break(())),
            (None, false) => Ok(on_progress(self.read_bytes.into_inner())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::test_files::{TestDirectory, valid_file};

    const LARGE_BYTES: usize = 2 * PIECE_BYTES + 5;

    fn large() -> Vec<u8> {
        (0..LARGE_BYTES).map(|byte| (byte / 7) as u8).collect()
    }

    fn checkpoint() -> (TestDirectory, Checkpoint) {
        let directory = TestDirectory::new();
        let file = valid_file(&[
            ("small", "U8", &[3], &[1, 2, 3]),
            ("large", "U8", &[LARGE_BYTES], &large()),
            ("empty", "U8", &[0], &[]),
        ]);
        let path = directory.write("m.safetensors", &file);
        let checkpoint = Checkpoint::open_file(&path).unwrap();
        (directory, checkpoint)
    }

    fn go_on(_: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn every_buffer_gets_its_tensor_and_progress_ends_at_all_bytes() {
        let (_directory, checkpoint) = checkpoint();
        let (mut small, mut read, mut told) = ([0; 3], vec![0; LARGE_BYTES], Vec::new());
        let buffers: TensorBuffers = vec![
            ("large", &mut read),
            ("empty", &mut []),
            ("small", &mut small),
        ];
        let outcome = checkpoint.read_all(buffers, &mut |bytes| {
            told.push(bytes);
            ControlFlow::Continue(())
        });
        assert_eq!(outcome.unwrap(), ControlFlow::Continue(()));
        assert_eq!(small, [1, 2, 3]);
        assert!(read == large());
        assert!(told.is_sorted());
        assert_eq!(told.last(), Some(&(LARGE_BYTES as u64 + 3)));
    }

    #[test]
    fn a_host_that_stops_it_is_heard() {
        let (_directory, checkpoint) = checkpoint();
        let mut read = vec![0; LARGE_BYTES];
        let outcome =
            checkpoint.read_all(vec![("large", &mut read)], &mut |_| ControlFlow::Break(()));
        assert_eq!(outcome.unwrap(), ControlFlow::Break(()));
    }

    #[test]
    fn wrong_buffers_and_unknown_tensors_are_refused_before_anything_is_read() {
        let (_directory, checkpoint) = checkpoint();
        let mut small = [0; 3];
        let buffers: TensorBuffers = vec![("small", &mut small), ("large", &mut [])];
        assert!(matches!(
            checkpoint.read_all(buffers, &mut go_on),
            Err(FormatError::BufferLength { .. })
        ));
        assert!(
            checkpoint
                .read_all(vec![("absent", &mut [])], &mut go_on)
                .is_err()
        );
        assert_eq!(small, [0; 3]);
    }

    #[test]
    fn a_file_that_has_shrunk_is_an_error() {
        let (directory, checkpoint) = checkpoint();
        let path = directory.path().join("m.safetensors");
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(PIECE_BYTES as u64).unwrap();
        let mut read = vec![0; LARGE_BYTES];
        assert!(matches!(
            checkpoint.read_all(vec![("large", &mut read)], &mut go_on),
            Err(FormatError::Changed { .. })
        ));
    }
}
