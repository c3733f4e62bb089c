//! Memory as this process sees it: the system's figures and MLX's, side by side.

use std::sync::OnceLock;

use headroom_memory::{AllocatorFigures, MemoryObserver, MemoryState, MlxFigures, system_probe};
use headroom_mlx::{allocator, recommended_working_set_bytes};

use crate::error::EngineError;

/// Freed buffers that MLX may keep: a share of what is available, and no more than decoding can use
/// again.
const CACHE_SHARE: u64 = 16;
const USEFUL_CACHE_BYTES: u64 = 16 << 20;

/// What this process may use, uses and could still take, with MLX's own figures.
///
/// # Errors
/// When the system refuses to tell.
pub fn memory_state() -> Result<MemoryState, EngineError> {
    prepare_allocator()?;
    Ok(observer().observe()?)
}

/// Gives buffers that MLX keeps for later back to the system.
///
/// # Errors
/// When MLX refuses.
pub fn clear_allocator_cache() -> Result<(), EngineError> {
    prepare_allocator()?;
    Ok(allocator::clear_cache()?)
}

/// Tells MLX where the app keeps its compiled Metal kernels. Must come before anything else.
///
/// # Errors
/// On systems without Metal.
pub fn use_metal_library(path: &str) -> Result<(), EngineError> {
    Ok(headroom_mlx::use_metal_library(path)?)
}

/// Starts MLX and sets its cache limit, once.
pub(crate) fn prepare_allocator() -> Result<(), EngineError> {
    static PREPARED: OnceLock<()> = OnceLock::new();
    if PREPARED.get().is_some() {
        return Ok(());
    }
    headroom_mlx::start()?;
    let available = observer().observe()?.available_bytes;
    let share = available.map_or(USEFUL_CACHE_BYTES, |bytes| bytes / CACHE_SHARE);
    allocator::set_cache_limit(share.min(USEFUL_CACHE_BYTES))?;
    PREPARED.get_or_init(|| ());
    Ok(())
}

/// Made before any model is loaded: on a Mac it measures what the rest of the system needs.
fn observer() -> &'static MemoryObserver {
    static OBSERVER: OnceLock<MemoryObserver> = OnceLock::new();
    OBSERVER.get_or_init(|| {
        let probe = system_probe();
        let probe = match recommended_working_set_bytes() {
            Some(bytes) => probe.with_recommended_working_set(bytes),
            None => probe,
        };
        MemoryObserver::new(probe).with_allocator(MlxAllocator)
    })
}

struct MlxAllocator;

impl AllocatorFigures for MlxAllocator {
    /// MLX reads its own counters; where it cannot, none of them means anything.
    fn figures(&self) -> MlxFigures {
        match allocator::read() {
            Ok(reading) => MlxFigures {
                active_bytes: reading.active_bytes,
                cache_bytes: reading.cache_bytes,
                peak_bytes: reading.peak_bytes,
                memory_limit_bytes: reading.memory_limit_bytes,
                cache_limit_bytes: reading
                    .cache_limit_bytes
                    .unwrap_or(reading.memory_limit_bytes),
            },
            Err(_) => MlxFigures {
                active_bytes: 0,
                cache_bytes: 0,
                peak_bytes: 0,
                memory_limit_bytes: 0,
                cache_limit_bytes: 0,
            },
        }
    }
}
