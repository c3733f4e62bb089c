//! The reading for programs.

use std::io::{self, Write};

use headroom_memory::MemoryState;
use serde::Serialize;

use super::recommended::Recommended;
use crate::error::CliError;

/// The contract's object: the state, and the model and training mode to use with it.
#[derive(Serialize)]
struct JsonState<'a> {
    #[serde(flatten)]
    state: &'a MemoryState,
    recommended: Recommended,
}

impl<'a> JsonState<'a> {
    fn new(state: &'a MemoryState) -> Self {
        Self {
            state,
            recommended: Recommended::of(state),
        }
    }
}

/// Prints the object over many lines.
pub(super) fn print(state: &MemoryState) -> Result<(), CliError> {
    write_line(serde_json::to_string_pretty(&JsonState::new(state)))
}

/// Prints the object as one of many lines.
pub(super) fn print_line(state: &MemoryState) -> Result<(), CliError> {
    write_line(serde_json::to_string(&JsonState::new(state)))
}

fn write_line(json: serde_json::Result<String>) -> Result<(), CliError> {
    let json = json.map_err(io::Error::other)?;
    Ok(writeln!(io::stdout(), "{json}")?)
}
