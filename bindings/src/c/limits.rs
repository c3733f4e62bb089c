//! Bounds on memory: MLX's from the budget and a strategy, the host's own, and what the host heard
//! of its system.

use std::mem::offset_of;

use headroom_engine::{
    GenerateParameters, optimal_generation_settings, set_adaptive_memory_limits, set_max_memory,
    set_memory_signal,
};
use headroom_memory::{AllocatorLimits, MaxMemory, Pressure, Strategy};

use crate::c::error::{hr_error, report};
use crate::c::memory::hr_pressure;
use crate::c::parameters::hr_generate_parameters;
use crate::c::structs::{SizeFirst, StructOutput};
use crate::c::version::HR_UNKNOWN;
use crate::fault::{Fault, FaultKind};

/// How much speed and precision may be given up to save memory.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum hr_strategy {
    /// Keeps the precision as long as it can: mainly smaller prefill steps.
    HR_STRATEGY_CONSERVATIVE = 0,
    /// Keys and values in half the bits, a bounded context when memory is tight.
    HR_STRATEGY_BALANCED = 1,
    /// Keys and values in 4 bits, and a bounded context.
    HR_STRATEGY_AGGRESSIVE = 2,
}

impl From<Strategy> for hr_strategy {
    fn from(strategy: Strategy) -> Self {
        match strategy {
            Strategy::Conservative => Self::HR_STRATEGY_CONSERVATIVE,
            Strategy::Balanced => Self::HR_STRATEGY_BALANCED,
            Strategy::Aggressive => Self::HR_STRATEGY_AGGRESSIVE,
        }
    }
}

/// A host may pass any number where an enum is meant, so that it comes in as one.
fn strategy_in(number: i32) -> Result<Strategy, Fault> {
    let named = |strategy: &Strategy| hr_strategy::from(*strategy) as i32 == number;
    let strategy = Strategy::ALL.into_iter().find(named);
    strategy.ok_or_else(|| not_one_of("strategy", number, "hr_strategy"))
}

fn pressure_in(number: i32) -> Result<Pressure, Fault> {
    let all = [
        Pressure::Low,
        Pressure::Medium,
        Pressure::High,
        Pressure::Critical,
    ];
    let named = |pressure: &Pressure| hr_pressure::from(*pressure) as i32 == number;
    let pressure = all.into_iter().find(named);
    pressure.ok_or_else(|| not_one_of("pressure", number, "hr_pressure"))
}

pub(super) fn not_one_of(name: &str, number: i32, names: &str) -> Fault {
    let message = format!("{name} is {number}, but must be one of {names}");
    Fault::new(FaultKind::InvalidParameter, message)
}

/// What MLX was told to keep to.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct hr_allocator_limits {
    /// `sizeof(hr_allocator_limits)`, set by the host.
    pub size: usize,
    /// The most that it takes before it frees its cache and waits.
    pub memory_bytes: u64,
    /// The most that it keeps for reuse.
    pub cache_bytes: u64,
    /// The most that is wired for the GPU; `HR_UNKNOWN` where no working set is recommended, and
    /// the limit is left alone.
    pub wired_bytes: u64,
}

// SAFETY: `repr(C)`, `size` first.
unsafe impl SizeFirst for hr_allocator_limits {
    const NAME: &'static str = "hr_allocator_limits";
    const FIRST_SIZE: usize = offset_of!(Self, wired_bytes) + size_of::<u64>();
}

impl From<AllocatorLimits> for hr_allocator_limits {
    fn from(limits: AllocatorLimits) -> Self {
        Self {
            size: size_of::<Self>(),
            memory_bytes: limits.memory_bytes,
            cache_bytes: limits.cache_bytes,
            wired_bytes: limits.wired_bytes.unwrap_or(HR_UNKNOWN),
        }
    }
}

/// Sets MLX's limits from the budget as it is now, and keeps to the strategy (one of
/// `hr_strategy`) from now on. Called again, it computes from the budget and never from the limits
/// set before. `limits` may be NULL.
///
/// # Safety
/// `limits` is NULL or has as many bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_memory_set_adaptive_limits(
    strategy: i32,
    limits: *mut hr_allocator_limits,
) -> *mut hr_error {
    report(|| {
        let strategy = strategy_in(strategy)?;
        let output = match limits.is_null() {
            true => None,
            // SAFETY: as promised by the host.
            false => Some(unsafe { StructOutput::new(limits) }?),
        };
        let set = set_adaptive_memory_limits(strategy)?;
        if let Some(output) = output {
            output.write(set.into());
        }
        Ok(())
    })
}

/// Bounds what this process may use: it holds for predictions, limits and the governor alike. 0,
/// less than is used already, and more than the machine allows fail with `HR_INVALID_PARAMETER`.
#[unsafe(no_mangle)]
pub extern "C" fn hr_memory_set_max(max_bytes: u64) -> *mut hr_error {
    report(|| {
        let limit = MaxMemory::from_bytes(max_bytes)?;
        Ok(set_max_memory(Some(limit))?)
    })
}

/// Lifts the bound of `hr_memory_set_max`; without one it does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn hr_memory_lift_max() -> *mut hr_error {
    report(|| Ok(set_max_memory(None)?))
}

/// Tells of a memory warning that the host heard from its system: one of `hr_pressure`. It raises
/// the pressure that everybody sees, and so makes the governor act, until it is taken back.
#[unsafe(no_mangle)]
pub extern "C" fn hr_memory_set_signal(pressure: i32) -> *mut hr_error {
    report(|| {
        set_memory_signal(Some(pressure_in(pressure)?));
        Ok(())
    })
}

/// Takes the word of `hr_memory_set_signal` back.
#[unsafe(no_mangle)]
pub extern "C" fn hr_memory_clear_signal() -> *mut hr_error {
    report(|| {
        set_memory_signal(None);
        Ok(())
    })
}

/// Fills in what a generation that starts now should be set to, by the pressure there is and a
/// strategy (one of `hr_strategy`); the rest are the defaults. `size` must be set before.
///
/// # Safety
/// `parameters` is NULL, which is an error, or has as many bytes as its `size` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hr_generate_parameters_init_optimal(
    strategy: i32,
    parameters: *mut hr_generate_parameters,
) -> *mut hr_error {
    report(|| {
        // SAFETY: as promised by the host.
        let output = unsafe { StructOutput::new(parameters) }?;
        let settings = optimal_generation_settings(strategy_in(strategy)?)?;
        let optimal = GenerateParameters {
            prefill_step: settings.prefill_step,
            max_kv_size: settings.max_kv_size,
            kv_quantization: settings.kv_quantization,
            quantized_kv_start: settings.quantized_kv_start,
            ..GenerateParameters::default()
        };
        output.write(hr_generate_parameters::without_pointers(&optimal));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_strategy_and_level_comes_in_as_it_goes_out() {
        for strategy in Strategy::ALL {
            let number = hr_strategy::from(strategy) as i32;
            assert_eq!(strategy_in(number).unwrap(), strategy);
        }
        let critical = hr_pressure::HR_PRESSURE_CRITICAL as i32;
        assert_eq!(pressure_in(critical).unwrap(), Pressure::Critical);
    }

    #[test]
    fn other_numbers_are_refused_with_what_to_give() {
        for number in [-1, 3, i32::MIN, i32::MAX] {
            let fault = strategy_in(number).unwrap_err();
            assert_eq!(fault.kind, FaultKind::InvalidParameter);
            assert!(fault.message.ends_with("one of hr_strategy"));
        }
        for number in [-1, 4, i32::MAX] {
            assert!(pressure_in(number).is_err());
        }
    }

    #[test]
    fn a_wired_limit_that_is_left_alone_is_unknown_and_not_zero() {
        let limits = hr_allocator_limits::from(AllocatorLimits {
            memory_bytes: 2,
            cache_bytes: 1,
            wired_bytes: None,
        });
        assert_eq!(limits.wired_bytes, HR_UNKNOWN);
    }
}
