//! `headroom memory`: the reading of this machine, once or again and again.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use headroom_engine::memory_state;
use headroom_memory::{MemoryState, disk_space};

use crate::arguments::MemoryArguments;
use crate::error::CliError;

mod json;
mod line;
mod live;
mod palette;
mod recommended;
mod share;
mod table;
mod terminal;
mod view;
mod warning;
mod watch_model;

pub(crate) fn run(arguments: &MemoryArguments) -> Result<ExitCode, CliError> {
    let interval = arguments.watch.map(Duration::from_secs);
    match (interval, arguments.json) {
        (None, true) => json::print(&read()?)?,
        (None, false) => table::print(&read()?)?,
        (Some(interval), true) => repeat(interval, json::print_line)?,
        (Some(interval), false) if is_screen() => return live::run(interval),
        (Some(interval), false) => repeat(interval, line::print)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether somebody sees a screen that can be drawn on; a terminal called `dumb` cannot.
fn is_screen() -> bool {
    io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|name| name != "dumb")
}

/// Ends only with an error: that of a reader that went away, as a rule.
fn repeat(
    interval: Duration,
    print: fn(&MemoryState) -> Result<(), CliError>,
) -> Result<(), CliError> {
    loop {
        print(&read()?)?;
        std::thread::sleep(interval);
    }
}

fn read() -> Result<MemoryState, CliError> {
    let mut state = memory_state()?;
    state.system.disk = disk_space(Path::new("."));
    Ok(state)
}
