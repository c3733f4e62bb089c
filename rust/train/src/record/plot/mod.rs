//! A run's curves as SVG: loss, learning rate, and memory over its steps.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::RecordError;
use curves::RunCurves;
use panel::Panel;

mod curves;
mod drawing;
mod panel;
mod panels;

/// Reads the log of a run and writes `loss.svg`, `learning_rate.svg` and `memory.svg` into `directory`.
/// Gives their paths. Takes no more memory for a long run than for a short one.
///
/// # Errors
/// When the log cannot be read or has no step, or a plot cannot be written.
pub fn plot(log: &Path, directory: &Path) -> Result<Vec<PathBuf>, RecordError> {
    let curves = RunCurves::read(log)?;
    let made = fs::create_dir_all(directory);
    made.map_err(|source| not_written(directory, source))?;
    let plots: [(&str, Vec<Panel>); 3] = [
        ("loss.svg", panels::loss(&curves)),
        ("learning_rate.svg", vec![panels::learning_rate(&curves)]),
        ("memory.svg", vec![panels::memory(&curves)]),
    ];
    plots
        .into_iter()
        .map(|(name, panels)| write(&directory.join(name), &panels))
        .collect()
}

fn write(path: &Path, panels: &[Panel]) -> Result<PathBuf, RecordError> {
    let svg = drawing::draw(panels).map_err(|error| RecordError::NotDrawn {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let written = fs::write(path, svg);
    written.map_err(|source| not_written(path, source))?;
    Ok(path.to_owned())
}

fn not_written(path: &Path, source: std::io::Error) -> RecordError {
    RecordError::Io {
        action: "write",
        path: path.to_owned(),
        source,
        advice: "give another output",
    }
}

#[cfg(test)]
mod tests;
