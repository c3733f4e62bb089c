//! How fast a model loads and what that takes, beside how fast this machine copies memory.
//!
//!     loading_speed MODEL_DIRECTORY memory|file [ROUNDS]    where the embedding goes
//!
//! Prints one line of JSON. The first load comes before anything else, so that its peak is its own.
//! In each further round the model is loaded again, from files that were just read through, into
//! memory that was just given back: a virtual machine may have to ask its host for any other.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use headroom_models::{EmbeddingPlacement, open, outline};
use serde::Serialize;

mod copying;
mod page_cache;
mod resident;

type Error = Box<dyn std::error::Error>;

#[derive(Serialize)]
struct Loading {
    /// What the weights take in memory.
    weights_bytes: u64,
    first: FirstLoad,
    rounds: Vec<Round>,
}

/// Resident bytes are of all of the process, and `None` where the system does not tell.
#[derive(Serialize)]
struct FirstLoad {
    seconds: f64,
    resident_before_bytes: Option<u64>,
    resident_after_bytes: Option<u64>,
    peak_resident_bytes: Option<u64>,
}

#[derive(Serialize)]
struct Round {
    /// Bytes read plus bytes written, a second, into pages that are there already.
    copied_bytes_per_second: f64,
    /// Bytes a second for which the system hands out new pages: what loading cannot do without.
    fresh_bytes_per_second: f64,
    /// From the directory to the model, headers and checks included.
    load_seconds: f64,
}

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("which model?")?;
    let embedding = match arguments.next().as_deref() {
        Some("memory") => EmbeddingPlacement::Memory,
        Some("file") => EmbeddingPlacement::File,
        _ => return Err("where is the embedding to lie: memory or file?".into()),
    };
    let rounds = arguments.next().map_or(Ok(0), |rounds| rounds.parse())?;
    let loading = measure(Path::new(&directory), embedding, rounds)?;
    println!("{}", serde_json::to_string(&loading)?);
    Ok(())
}

fn measure(
    directory: &Path,
    embedding: EmbeddingPlacement,
    rounds: usize,
) -> Result<Loading, Error> {
    headroom_mlx::start()?;
    headroom_mlx::use_one_heap();
    // Freed weights go back to the system, so that each load begins as the first did.
    headroom_mlx::allocator::set_cache_limit(0)?;
    Ok(Loading {
        weights_bytes: outline(directory)?.weights_bytes_with(embedding),
        first: first_load(directory, embedding)?,
        rounds: (0..rounds)
            .map(|_| round(directory, embedding))
            .collect::<Result<_, _>>()?,
    })
}

fn first_load(directory: &Path, embedding: EmbeddingPlacement) -> Result<FirstLoad, Error> {
    page_cache::warm(directory)?;
    let resident_before_bytes = resident::now();
    let started = Instant::now();
    let model = open(directory, embedding, &mut |_| ControlFlow::Continue(()))?;
    let seconds = started.elapsed().as_secs_f64();
    let resident_after_bytes = resident::now();
    drop(model);
    Ok(FirstLoad {
        seconds,
        resident_before_bytes,
        resident_after_bytes,
        peak_resident_bytes: resident::peak(),
    })
}

fn round(directory: &Path, embedding: EmbeddingPlacement) -> Result<Round, Error> {
    let copied_bytes_per_second = copying::copied_bytes_per_second();
    let weights_bytes = page_cache::warm(directory)?;
    let fresh_bytes_per_second = copying::fresh_bytes_per_second(weights_bytes)?;
    let started = Instant::now();
    let model = open(directory, embedding, &mut |_| ControlFlow::Continue(()))?;
    let load_seconds = started.elapsed().as_secs_f64();
    drop(model);
    Ok(Round {
        copied_bytes_per_second,
        fresh_bytes_per_second,
        load_seconds,
    })
}
