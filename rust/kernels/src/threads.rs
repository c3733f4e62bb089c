//! Rows of a matrix over the processor's cores.

use std::num::NonZero;
use std::thread;

/// Fewer numbers than this are not worth a second thread.
const WORTH_A_THREAD: usize = 1 << 16;

/// How many threads suit work on that many numbers.
pub(crate) fn suitable(numbers: usize) -> usize {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    cores.min(numbers / WORTH_A_THREAD).max(1)
}
