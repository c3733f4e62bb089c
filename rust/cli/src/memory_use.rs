//! The flags that say how much memory a command may take, and what it tells about it on the way.

use std::io::{self, Write};

use headroom_engine::{
    Admission, GenerateParameters, Governing, optimal_generation_settings,
    set_adaptive_memory_limits, set_max_memory,
};
use headroom_memory::{ActionReport, ByteSize, GenerationSettings, MemoryState};

use crate::arguments::{Governor, MemoryUseArguments};
use crate::error::CliError;

/// Tokens from one line about memory to the next.
const MONITOR_INTERVAL: u32 = 16;

/// Sets the limits, before anything is loaded.
pub(crate) fn prepare(arguments: &MemoryUseArguments) -> Result<(), CliError> {
    if arguments.max_memory.is_some() {
        set_max_memory(arguments.max_memory)?;
    }
    if arguments.adaptive_memory {
        set_adaptive_memory_limits(arguments.strategy.unwrap_or_default())?;
    }
    Ok(())
}

pub(crate) fn admission(arguments: &MemoryUseArguments) -> Admission {
    match arguments.governor {
        Governor::On => Admission::IfItFits,
        Governor::Off => Admission::Always,
    }
}

/// `parameters` with what the strategy and the other flags set.
pub(crate) fn parameters(
    arguments: &MemoryUseArguments,
    parameters: GenerateParameters,
) -> Result<GenerateParameters, CliError> {
    let parameters = GenerateParameters {
        governing: match arguments.governor {
            Governor::On => Governing::On,
            Governor::Off => Governing::Off,
        },
        monitor_interval: arguments.memory_monitoring.then_some(MONITOR_INTERVAL),
        ..parameters
    };
    let Some(strategy) = arguments.strategy else {
        return Ok(parameters);
    };
    let GenerationSettings {
        prefill_step,
        max_kv_size,
        kv_quantization,
        quantized_kv_start,
    } = optimal_generation_settings(strategy)?;
    Ok(GenerateParameters {
        prefill_step,
        max_kv_size,
        kv_quantization,
        quantized_kv_start,
        ..parameters
    })
}

/// One line on standard error. Nobody reading it is no failure.
pub(crate) fn print_state(state: &MemoryState) {
    let size = |bytes: Option<u64>| {
        bytes.map_or("unknown".to_owned(), |bytes| {
            ByteSize::from_bytes(bytes).to_string()
        })
    };
    drop(writeln!(
        io::stderr(),
        "[memory: {} of {} used, {} available, MLX {}, pressure {}]",
        size(state.used_bytes),
        size(state.budget_bytes),
        size(state.available_bytes),
        size(state.mlx.map(|mlx| mlx.active_bytes)),
        state.pressure,
    ));
}

/// One line on standard error: what was done, and why.
pub(crate) fn print_action(report: &ActionReport) {
    let decision = report.decision;
    let (action, reason) = (decision.action, decision.reason);
    drop(writeln!(io::stderr(), "[{action}: {reason}]"));
}
