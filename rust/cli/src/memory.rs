//! `headroom memory`: the reading of this machine, once or again and again.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
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
mod run_status;
mod share;
mod table;
mod terminal;
mod view;
mod warning;
mod watch_model;

use run_status::RunStatus;
pub(crate) use warning::Warning;

pub(crate) fn run(arguments: &MemoryArguments) -> Result<ExitCode, CliError> {
    let interval = arguments.watch.map(Duration::from_secs);
    let watched = Watched {
        run: arguments.run.clone(),
    };
    match (interval, arguments.json) {
        (None, true) => json::print(&watched.read()?)?,
        (None, false) => table::print(&watched.read()?)?,
        (Some(interval), true) => repeat(interval, &watched, json::print_line)?,
        (Some(interval), false) if is_screen() => return live::run(interval, &watched),
        (Some(interval), false) => repeat(interval, &watched, line::print)?,
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
    watched: &Watched,
    print: fn(&Look) -> Result<(), CliError>,
) -> Result<(), CliError> {
    loop {
        print(&watched.read()?)?;
        std::thread::sleep(interval);
    }
}

/// What is looked at besides this process and its machine.
struct Watched {
    /// The output directory of a training run.
    run: Option<PathBuf>,
}

/// What one look found.
struct Look {
    state: MemoryState,
    run: Option<RunStatus>,
}

impl Watched {
    fn read(&self) -> Result<Look, CliError> {
        let mut state = memory_state()?;
        state.system.disk = disk_space(Path::new("."));
        let run = self.run.as_deref().map(RunStatus::read).transpose()?;
        Ok(Look { state, run })
    }
}
