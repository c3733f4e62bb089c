//! How fast this machine copies memory and hands out new pages, with as many threads as it has
//! processors, each with a part of its own.

use std::thread;
use std::time::Instant;

use headroom_mlx::{ArrayBlock, ArrayLayout, Dtype};

/// More than caches hold.
const BUFFER_BYTES: usize = 512 << 20;
/// The fastest counts.
const COPIES: usize = 3;

/// Bytes read plus bytes written, into a buffer whose pages are there already.
pub(crate) fn copied_bytes_per_second() -> f64 {
    let (from, mut to) = (vec![1; BUFFER_BYTES], vec![2; BUFFER_BYTES]);
    let seconds = (0..COPIES).map(|_| {
        seconds_for(&mut to, |part, start| {
            part.copy_from_slice(&from[start..start + part.len()]);
        })
    });
    2.0 * BUFFER_BYTES as f64 / seconds.fold(f64::INFINITY, f64::min)
}

/// A byte written to each page of memory that is laid out as weights are; nothing is read.
pub(crate) fn fresh_bytes_per_second(bytes: usize) -> headroom_mlx::Result<f64> {
    const PAGE_BYTES: usize = 4096;
    let touch = |part: &mut [u8], _| {
        for byte in part.iter_mut().step_by(PAGE_BYTES) {
            *byte = 1;
        }
    };
    let layout = ArrayLayout::new(&[bytes], Dtype::Uint8)?;
    let mut block = ArrayBlock::new(vec![layout])?;
    let parts = block.parts().into_iter();
    let seconds: f64 = parts.map(|part| seconds_for(part, touch)).sum();
    Ok(bytes as f64 / seconds)
}

/// Gives each thread its part of `bytes` and where it starts.
fn seconds_for(bytes: &mut [u8], work: impl Fn(&mut [u8], usize) + Sync) -> f64 {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let length = bytes.len().div_ceil(threads).max(1);
    let started = Instant::now();
    thread::scope(|scope| {
        for (number, part) in bytes.chunks_mut(length).enumerate() {
            let work = &work;
            scope.spawn(move || work(part, number * length));
        }
    });
    started.elapsed().as_secs_f64()
}
