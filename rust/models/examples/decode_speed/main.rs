//! How fast tokens are made behind a long context, and what its cache takes, without computing that
//! context: the cache is filled with noise. `cargo xtask bench` runs this beside mlx-lm's
//! (`tests/bench/decode_speed.py`, which reads and writes the same lines).
//!
//! ```text
//! decode_speed MODEL_DIRECTORY    reads a request a line, answers each with a line of JSON
//! ```

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::ops::ControlFlow;
use std::path::Path;

use headroom_models::{CacheLayout, CachePrecision, EmbeddingPlacement, open};
use serde::{Deserialize, Serialize};

mod decoding;
mod noise;

use decoding::decode;
use noise::filled_cache;

/// What the engine lets MLX keep where there is enough of it.
const ALLOCATOR_CACHE_BYTES: u64 = 16 << 20;

/// What to measure.
#[derive(Debug, Deserialize)]
struct Request {
    layout: CacheLayout,
    precision: CachePrecision,
    /// Tokens that the cache has seen.
    context: i32,
    /// After a first token, which is not counted, so many at most.
    most_tokens: u32,
    /// And no more once this has passed, but two at least.
    most_seconds: f64,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Measured {
    /// Tokens that were counted.
    tokens: u32,
    /// What these took.
    seconds: f64,
    /// What the cache's buffers take, spare positions included.
    cache_bytes: u64,
    /// MLX's arrays between two tokens.
    active_bytes: u64,
    /// The most that they took while the counted tokens were made.
    peak_bytes: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args_os().nth(1).ok_or("no model directory")?;
    headroom_mlx::use_one_heap();
    headroom_mlx::start()?;
    headroom_mlx::allocator::set_cache_limit(ALLOCATOR_CACHE_BYTES)?;
    let model = open(
        Path::new(&directory),
        EmbeddingPlacement::Memory,
        &mut |_| ControlFlow::Continue(()),
    )?;
    for line in stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let cache = filled_cache(model.as_ref(), &request)?;
        let measured = decode(model.as_ref(), cache, &request)?;
        writeln!(stdout(), "{}", serde_json::to_string(&measured)?)?;
    }
    Ok(headroom_mlx::wait_for_running_work()?)
}
