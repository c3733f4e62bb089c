//! An answer on standard output, piece by piece as it comes.

use std::io::{self, Write};

use headroom_engine::{EngineError, Event, GenerationSummary};

use crate::error::CliError;
use crate::memory_use;

/// Prints the answer and a newline; what else happens goes to standard error.
pub(crate) fn print(
    events: impl Iterator<Item = Result<Event, EngineError>>,
) -> Result<GenerationSummary, CliError> {
    let mut output = io::stdout();
    for event in events {
        match event? {
            Event::Prefill { .. } => {}
            Event::Memory(state) => memory_use::print_state(&state),
            Event::Action(report) => memory_use::print_action(&report),
            Event::Text(text) => {
                output.write_all(text.as_bytes())?;
                output.flush()?;
            }
            Event::End(summary) => {
                writeln!(output)?;
                return Ok(summary);
            }
        }
    }
    unreachable!("a generation ends with a summary or an error")
}
