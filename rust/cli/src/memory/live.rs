//! The live view: read, draw, wait, until someone leaves.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::Watched;
use super::palette::Palette;
use super::terminal::{Screen, Wake};
use super::view::View;
use super::watch_model::WatchModel;
use crate::error::CliError;
use crate::interrupt;

pub(super) fn run(interval: Duration, watched: &Watched) -> Result<ExitCode, CliError> {
    let palette = Palette::from_environment();
    let mut model = WatchModel::new(interval, watched.read()?);
    let mut screen = Screen::open().map_err(CliError::Terminal)?;
    loop {
        if let Some(exit_code) = show(&mut screen, &View::new(&model, palette), interval)? {
            return Ok(exit_code);
        }
        model.push(watched.read()?);
    }
}

/// Shows one reading for an interval, again whenever the terminal changes its size. Answers an exit
/// code when someone asked to leave.
fn show(
    screen: &mut Screen,
    view: &View,
    interval: Duration,
) -> Result<Option<ExitCode>, CliError> {
    let start = Instant::now();
    loop {
        screen.draw(|frame| frame.render_widget(view, frame.area()))?;
        match screen.wait(start, interval).map_err(CliError::Terminal)? {
            Wake::Resized => {}
            Wake::IntervalOver => return Ok(None),
            Wake::Leave => return Ok(Some(ExitCode::SUCCESS)),
            Wake::Terminated => return Ok(Some(ExitCode::from(interrupt::EXIT_CODE))),
        }
    }
}
