//! An answer on standard output, piece by piece as it comes.

use std::io::{self, Write};

use headroom_engine::{EngineError, Event, GenerationSummary};

use crate::error::CliError;
use crate::memory_use;
use crate::prefill_bar::PrefillBar;

/// Prints the answer and a newline; what else happens goes to standard error.
pub(crate) fn print(
    events: impl Iterator<Item = Result<Event, EngineError>>,
) -> Result<GenerationSummary, CliError> {
    let mut output = io::stdout();
    let bar = PrefillBar::new();
    let mut has_text = false;
    for event in events {
        if event.is_err() && has_text {
            writeln!(output)?;
        }
        match event? {
            Event::Prefill {
                done_tokens,
                total_tokens,
            } => bar.show(done_tokens, total_tokens),
            Event::Memory(state) => bar.beside(|| memory_use::print_state(&state)),
            Event::Action(report) => bar.beside(|| memory_use::print_action(&report)),
            Event::Text(text) => {
                has_text = true;
                output.write_all(text.as_bytes())?;
                output.flush()?;
            }
            Event::End(summary) => {
                writeln!(output)?;
                return Ok(summary);
            }
        }
    }
    let reason = "the generation ended without a summary".to_owned();
    Err(EngineError::Interrupted(reason).into())
}
