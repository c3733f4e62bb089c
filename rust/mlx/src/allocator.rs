//! MLX's allocator: what it holds and what it may hold. Process-wide, like the allocator itself.

use mlx_rs::memory;

use crate::Result;

/// What MLX's allocator says of itself, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllocatorReading {
    /// Held by arrays that are alive.
    pub active_bytes: u64,
    /// Freed, but kept for the next array of that size.
    pub cache_bytes: u64,
    /// The most that was active at once since the start or the last [`reset_peak`].
    pub peak_bytes: u64,
    /// The limit past which MLX waits for running work before it allocates.
    pub memory_limit_bytes: u64,
    /// The limit past which freed buffers go back to the system; `None` until
    /// [`set_cache_limit`], for MLX has no way to ask.
    pub cache_limit_bytes: Option<u64>,
}

/// Reads all of the allocator's figures.
pub fn read() -> Result<AllocatorReading> {
    Ok(AllocatorReading {
        active_bytes: memory::active_memory()? as u64,
        cache_bytes: memory::cache_memory()? as u64,
        peak_bytes: memory::peak_memory()? as u64,
        memory_limit_bytes: memory::memory_limit()? as u64,
        cache_limit_bytes: cache_limit::last_set(),
    })
}

/// Sets how many bytes of freed buffers MLX may keep.
pub fn set_cache_limit(bytes: u64) -> Result<()> {
    memory::set_cache_limit(usize::try_from(bytes).unwrap_or(usize::MAX))?;
    cache_limit::remember(bytes);
    Ok(())
}

/// Sets the limit past which MLX waits for running work before it allocates.
pub fn set_memory_limit(bytes: u64) -> Result<()> {
    memory::set_memory_limit(usize::try_from(bytes).unwrap_or(usize::MAX))?;
    Ok(())
}

/// Sets how many bytes of arrays MLX keeps wired on Metal; without effect elsewhere.
pub fn set_wired_limit(bytes: u64) -> Result<()> {
    memory::set_wired_limit(usize::try_from(bytes).unwrap_or(usize::MAX))?;
    Ok(())
}

/// Gives all freed buffers back to the system. Call it between evaluations only.
pub fn clear_cache() -> Result<()> {
    memory::clear_cache()
}

/// Starts a new measurement of `peak_bytes`.
pub fn reset_peak() -> Result<()> {
    memory::reset_peak_memory()
}

/// MLX tells its cache limit only to who replaces it, so the last one set is remembered here.
mod cache_limit {
    use std::sync::Mutex;

    static LAST_SET: Mutex<Option<u64>> = Mutex::new(None);

    pub(super) fn remember(bytes: u64) {
        *LAST_SET
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = Some(bytes);
    }

    pub(super) fn last_set() -> Option<u64> {
        *LAST_SET
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
