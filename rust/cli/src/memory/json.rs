//! The reading for programs.

use std::io::{self, Write};

use headroom_memory::MemoryState;
use serde::Serialize;
use serde_json::Value;

use super::Look;
use super::recommended::Recommended;
use super::run_status::RunStatus;
use crate::error::CliError;

/// The contract's object: the state, the model and training mode to use with it, and a run that was
/// asked for.
#[derive(Serialize)]
struct JsonState<'a> {
    #[serde(flatten)]
    state: &'a MemoryState,
    recommended: Recommended,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Value>,
}

impl<'a> JsonState<'a> {
    fn new(look: &'a Look) -> Self {
        Self {
            state: &look.state,
            recommended: Recommended::of(&look.state),
            run: look.run.as_ref().map(RunStatus::json),
        }
    }
}

/// Prints the object over many lines.
pub(super) fn print(look: &Look) -> Result<(), CliError> {
    write_line(serde_json::to_string_pretty(&JsonState::new(look)))
}

/// Prints the object as one of many lines.
pub(super) fn print_line(look: &Look) -> Result<(), CliError> {
    write_line(serde_json::to_string(&JsonState::new(look)))
}

fn write_line(json: serde_json::Result<String>) -> Result<(), CliError> {
    let json = json.map_err(io::Error::other)?;
    Ok(writeln!(io::stdout(), "{json}")?)
}
