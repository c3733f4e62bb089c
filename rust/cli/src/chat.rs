//! `headroom chat`: a conversation at a terminal, or line by line through a pipe. Answers go to
//! standard output, everything else to standard error.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::arguments::ChatArguments;
use crate::error::CliError;
use crate::{load, memory_use};

mod command;
mod conversation;
mod input;
mod line;
mod terminal_modes;

use conversation::{Conversation, Next};
use input::Input;

/// Takes lines until there are no more or one says `/exit`. A line that fails ends nothing; through a
/// pipe it shows in the exit code.
pub(crate) fn run(arguments: &ChatArguments) -> Result<ExitCode, CliError> {
    memory_use::prepare(&arguments.memory)?;
    let model = load::model(&arguments.model, memory_use::admission(&arguments.memory))?;
    if !model.has_chat_template() {
        return Err(CliError::NoConversation {
            model: arguments.model.clone(),
        });
    }
    let mut conversation = Conversation::begin(model, arguments)?;
    let mut input = Input::open()?;
    let mut code = ExitCode::SUCCESS;
    while let Some(line) = input.next_line()? {
        match conversation.take(&line) {
            Ok(Next::Line) => {}
            Ok(Next::Leave) => break,
            // Without a reader for the answers there is nothing left to do.
            Err(error @ CliError::Output(_)) => return Err(error),
            Err(error) => {
                say(&format!("error: {error}"));
                code = input.exit_code_after_errors();
            }
        }
    }
    Ok(code)
}

/// A line to standard error. Nobody reading it is no failure.
fn say(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}
