//! `headroom train plot`: the curves of a run as SVG.

use std::io::{self, Write};
use std::process::ExitCode;

use headroom_train::TrainError;
use headroom_train::record::{LOG_FILE, plot};

use crate::arguments::TrainPlotArguments;
use crate::error::CliError;

/// Prints the path of each plot.
pub(crate) fn run(arguments: &TrainPlotArguments) -> Result<ExitCode, CliError> {
    let directory = arguments.output.as_ref().unwrap_or(&arguments.run);
    let plots = plot(&arguments.run.join(LOG_FILE), directory).map_err(TrainError::from)?;
    for plot in plots {
        writeln!(io::stdout(), "{}", plot.display())?;
    }
    Ok(ExitCode::SUCCESS)
}
