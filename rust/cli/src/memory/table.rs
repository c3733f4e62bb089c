//! One reading for people, each figure with its meaning.

use std::io::{self, Write};

use headroom_memory::{ByteSize, MemoryState};

use super::Look;
use super::recommended::Recommended;
use super::warning::Warning;
use crate::error::CliError;

/// Prints the table, and a warning below it where one is due.
pub(super) fn print(look: &Look) -> Result<(), CliError> {
    let mut output = io::stdout();
    let state = &look.state;
    for (name, value, meaning) in process_rows(state).into_iter().chain(other_rows(state)) {
        writeln!(output, "{name:>16}  {value:>10}  {meaning}")?;
    }
    let recommended = Recommended::of(state);
    if let Some(reason) = recommended.reason {
        writeln!(
            output,
            "\nmodel: {reason}, with a context of {} tokens",
            recommended.context
        )?;
    }
    match recommended.training_mode {
        Some(mode) => writeln!(output, "training: {}", mode.as_str())?,
        None => writeln!(output, "training: no mode has room in this budget")?,
    }
    if let Some(run) = &look.run {
        writeln!(output, "\nrun: {}", run.pieces().join(", "))?;
    }
    if let Some(warning) = Warning::of(state) {
        writeln!(output, "\nwarning: {warning}")?;
    }
    Ok(output.flush()?)
}

type Row = (&'static str, String, &'static str);

fn process_rows(state: &MemoryState) -> [Row; 4] {
    [
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
    ]
}

fn other_rows(state: &MemoryState) -> [Row; 7] {
    let system = &state.system;
    let mlx = state.mlx.as_ref();
    [
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
    ]
}

/// A size for people; an unknown one is named so.
pub(super) fn size(bytes: Option<u64>) -> String {
    bytes.map_or_else(
        || "unknown".to_owned(),
        |bytes| ByteSize::from_bytes(bytes).to_string(),
    )
}
