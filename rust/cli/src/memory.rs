//! `headroom memory`: the reading of this machine.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use headroom_engine::memory_state;
use headroom_memory::{ByteSize, MemoryState, disk_space};
use serde::Serialize;

use crate::arguments::MemoryArguments;
use crate::error::CliError;

pub(crate) fn run(arguments: &MemoryArguments) -> Result<ExitCode, CliError> {
    loop {
        let mut state = memory_state()?;
        state.system.disk = disk_space(Path::new("."));
        match arguments.json {
            true => print_json(&state)?,
            false => print_table(&state)?,
        }
        let Some(seconds) = arguments.watch else {
            return Ok(ExitCode::SUCCESS);
        };
        std::thread::sleep(Duration::from_secs(seconds));
    }
}

fn print_json(state: &MemoryState) -> Result<(), CliError> {
    let json = serde_json::to_string_pretty(&JsonState {
        state,
        recommended: (),
    });
    let json = json.map_err(io::Error::other)?;
    Ok(writeln!(io::stdout(), "{json}")?)
}

/// The contract's object: the state, and the model and training mode to use with it. This version
/// has no list of models to choose from, so what it recommends is unknown.
#[derive(Serialize)]
struct JsonState<'a> {
    #[serde(flatten)]
    state: &'a MemoryState,
    recommended: (),
}

fn print_table(state: &MemoryState) -> Result<(), CliError> {
    let mut output = io::stdout();
    let system = &state.system;
    let mlx = state.mlx.as_ref();
    let rows = [
        (
            "budget",
            size(state.budget_bytes),
            "what this process may use",
        ),
        ("used", size(state.used_bytes), "what it uses now"),
        (
            "available",
            size(state.available_bytes),
            "what it could take without hurting",
        ),
        (
            "pressure",
            state.pressure.to_string(),
            "used of budget, raised by the system's signal",
        ),
        (
            "physical",
            size(system.physical_bytes),
            "memory of the machine",
        ),
        (
            "free",
            size(system.free_or_reclaimable_bytes),
            "free or reclaimable in the machine",
        ),
        ("swap used", size(system.swap_used_bytes), "in the machine"),
        (
            "disk free",
            size(system.disk.map(|disk| disk.available_bytes)),
            "where this directory lies",
        ),
        (
            "MLX active",
            size(mlx.map(|mlx| mlx.active_bytes)),
            "held by arrays",
        ),
        (
            "MLX cache",
            size(mlx.map(|mlx| mlx.cache_bytes)),
            "freed, kept for reuse",
        ),
        (
            "MLX cache limit",
            size(mlx.map(|mlx| mlx.cache_limit_bytes)),
            "the most it keeps",
        ),
    ];
    for (name, value, meaning) in rows {
        writeln!(output, "{name:>16}  {value:>10}  {meaning}")?;
    }
    Ok(output.flush()?)
}

fn size(bytes: Option<u64>) -> String {
    bytes.map_or_else(
        || "unknown".to_owned(),
        |bytes| ByteSize::from_bytes(bytes).to_string(),
    )
}
