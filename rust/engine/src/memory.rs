//! Memory as this process sees it: the system's figures and MLX's, side by side, and what hosts may
//! set about them.

use std::sync::{Arc, OnceLock};

use headroom_memory::{
    AllocatorFigures, LimitedProbe, MaxMemory, MemoryObserver, MemoryState, MlxFigures, Pressure,
    Probe, Reading, SignalledProbe, SystemProbe, system_probe,
};
use headroom_mlx::{allocator, recommended_working_set_bytes};

use crate::error::EngineError;
use crate::memory_limits;

/// What MLX may keep for reuse on a system that does not tell what is available.
const CACHE_BYTES_IN_THE_DARK: u64 = 16 << 20;

/// What this process may use, uses and could still take, with MLX's own figures.
///
/// # Errors
/// When the system refuses to tell.
pub fn memory_state() -> Result<MemoryState, EngineError> {
    prepare_allocator()?;
    Ok(watch().observer.observe()?)
}

/// Bounds what this process may use from now on; `None` lifts the bound. It holds for predictions,
/// limits and the governor alike.
///
/// # Errors
/// When the machine or a limit of the system allows less than that, or memory cannot be read.
pub fn set_max_memory(limit: Option<MaxMemory>) -> Result<(), EngineError> {
    if let Some(limit) = limit {
        limit.check(&watch().signalled.read()?, None)?;
    }
    watch().limited.set_limit(limit);
    Ok(())
}

/// Tells of a memory warning that the host heard from its system; `None` when it is over. It raises
/// the pressure that everybody sees, and so makes the governor act.
pub fn set_memory_signal(level: Option<Pressure>) {
    watch().signalled.set_signal(level);
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
    let usual = memory_limits::usual_cache_limit(&watch().observer.observe()?);
    allocator::set_cache_limit(usual.unwrap_or(CACHE_BYTES_IN_THE_DARK))?;
    PREPARED.get_or_init(|| ());
    Ok(())
}

/// The system's figures alone, the host's bound included.
pub(crate) fn read() -> Result<Reading, EngineError> {
    Ok(watch().limited.read()?)
}

/// Probes in layers: the system, what the host heard of it, and the bound that it set.
struct Watch {
    signalled: Arc<SignalledProbe<SystemProbe>>,
    limited: Arc<LimitedProbe<Arc<SignalledProbe<SystemProbe>>>>,
    observer: MemoryObserver,
}

/// Made before any model is loaded: on a Mac it measures what the rest of the system needs.
fn watch() -> &'static Watch {
    static WATCH: OnceLock<Watch> = OnceLock::new();
    WATCH.get_or_init(|| {
        let probe = system_probe();
        let probe = match recommended_working_set_bytes() {
            Some(bytes) => probe.with_recommended_working_set(bytes),
            None => probe,
        };
        let signalled = Arc::new(SignalledProbe::new(probe));
        let limited = Arc::new(LimitedProbe::new(Arc::clone(&signalled)));
        Watch {
            observer: MemoryObserver::new(Arc::clone(&limited)).with_allocator(MlxAllocator),
            signalled,
            limited,
        }
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
            Err(_) => MlxFigures::default(),
        }
    }
}
