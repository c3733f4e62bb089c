//! What memory there is, and giving back what MLX keeps for later.

use std::mem::offset_of;

use headroom_engine::{clear_allocator_cache, memory_state};
use headroom_memory::{MemoryState, Pressure};

use crate::c::error::{hr_error, report};
use crate::c::structs::{SizeFirst, StructOutput};
use crate::c::version::HR_UNKNOWN;

/// How tight memory is, mildest first.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum hr_pressure {
    /// Less than half of the budget is used.
    HR_PRESSURE_LOW = 0,
    /// From 50 % of the budget.
    HR_PRESSURE_MEDIUM = 1,
    /// From 70 % of the budget.
    HR_PRESSURE_HIGH = 2,
    /// More than 85 % of the budget.
    HR_PRESSURE_CRITICAL = 3,
}

impl From<Pressure> for hr_pressure {
    fn from(pressure: Pressure) -> Self {
        match pressure {
            Pressure::Low => Self::HR_PRESSURE_LOW,
            Pressure::Medium => Self::HR_PRESSURE_MEDIUM,
            Pressure::High => Self::HR_PRESSURE_HIGH,
            Pressure::Critical => Self::HR_PRESSURE_CRITICAL,
        }
    }
}

/// Memory as this process sees it. Bytes that the system does not tell are `HR_UNKNOWN`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_memory_state {
    /// `sizeof(hr_memory_state)`, set by the host.
    pub size: usize,
    /// Bytes that this process may use.
    pub budget_bytes: u64,
    /// Footprint of this process.
    pub used_bytes: u64,
    /// Bytes that it could take now without hurting itself or others.
    pub available_bytes: u64,
    /// Used bytes as a share of the budget; NaN where one of them is unknown.
    pub memory_usage_ratio: f64,
    /// How tight memory is.
    pub pressure: hr_pressure,
    /// Always 0.
    pub reserved: u32,
    /// Bytes in MLX's live arrays.
    pub mlx_active_bytes: u64,
    /// Bytes that MLX keeps for reuse; `hr_memory_clear_cache` gives them back.
    pub mlx_cache_bytes: u64,
    /// The most that was ever active.
    pub mlx_peak_bytes: u64,
    /// The most that MLX takes before it waits or fails.
    pub mlx_memory_limit_bytes: u64,
    /// The most that MLX keeps for reuse.
    pub mlx_cache_limit_bytes: u64,
    /// Installed memory.
    pub physical_bytes: u64,
    /// Memory that is free, or that the system gives up without swapping.
    pub free_or_reclaimable_bytes: u64,
    /// Size of the swap space; 0 where there is none.
    pub swap_total_bytes: u64,
    /// Swap space in use.
    pub swap_used_bytes: u64,
}

// SAFETY: `repr(C)`, `size` first.
unsafe impl SizeFirst for hr_memory_state {
    const NAME: &'static str = "hr_memory_state";
    const FIRST_SIZE: usize = offset_of!(Self, swap_used_bytes) + size_of::<u64>();
}

impl From<MemoryState> for hr_memory_state {
    fn from(state: MemoryState) -> Self {
        let known = |bytes: Option<u64>| bytes.unwrap_or(HR_UNKNOWN);
        let mlx = state.mlx.as_ref();
        Self {
            size: size_of::<Self>(),
            budget_bytes: known(state.budget_bytes),
            used_bytes: known(state.used_bytes),
            available_bytes: known(state.available_bytes),
            memory_usage_ratio: state.memory_usage_ratio.unwrap_or(f64::NAN),
            pressure: state.pressure.into(),
            reserved: 0,
            mlx_active_bytes: known(mlx.map(|mlx| mlx.active_bytes)),
            mlx_cache_bytes: known(mlx.map(|mlx| mlx.cache_bytes)),
            mlx_peak_bytes: known(mlx.map(|mlx| mlx.peak_bytes)),
            mlx_memory_limit_bytes: known(mlx.map(|mlx| mlx.memory_limit_bytes)),
            mlx_cache_limit_bytes: known(mlx.map(|mlx| mlx.cache_limit_bytes)),
            physical_bytes: known(state.system.physical_bytes),
            free_or_reclaimable_bytes: known(state.system.free_or_reclaimable_bytes),
            swap_total_bytes: known(state.system.swap_total_bytes),
            swap_used_bytes: known(state.system.swap_used_bytes),
        }
    }
}

/// Reads what memory this process may use, uses and could still take.
///
/// # Safety
/// `state` is NULL, which is an error, or has as many bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_memory_get_state(state: *mut hr_memory_state) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { StructOutput::new(state) }?;
        output.write(memory_state()?.into());
        Ok(())
    })
}

/// Gives the buffers that MLX keeps for later back to the system. What models and generations use
/// stays.
#[unsafe(no_mangle)]
pub extern "C" fn hr_memory_clear_cache() -> *mut hr_error {
    report(|| Ok(clear_allocator_cache()?))
}

#[cfg(test)]
mod tests {
    use headroom_memory::{PressureGauge, Reading};

    use super::*;

    #[test]
    fn unknown_figures_are_never_zero() {
        let state = MemoryState::new(Reading::default(), None, &mut PressureGauge::new());
        let state = hr_memory_state::from(state);
        assert!(state.memory_usage_ratio.is_nan());
        for bytes in [
            state.budget_bytes,
            state.used_bytes,
            state.available_bytes,
            state.mlx_active_bytes,
            state.mlx_cache_limit_bytes,
            state.physical_bytes,
            state.swap_total_bytes,
        ] {
            assert_eq!(bytes, HR_UNKNOWN);
        }
    }
}
