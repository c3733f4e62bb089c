//! Where lines come from: an editor with a history on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal, Lines, StdinLock};
use std::process::ExitCode;

use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

use super::say;
use super::terminal_modes::TerminalModes;
use crate::error::CliError;
use crate::interrupt;

const PROMPT: &str = "> ";

/// The person, or the pipe.
pub(super) enum Input {
    /// What was typed stays in memory only: a conversation is nobody else's business.
    Terminal(Box<DefaultEditor>, TerminalModes),
    Pipe(Lines<StdinLock<'static>>),
}

impl Input {
    pub(super) fn open() -> Result<Self, CliError> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Ok(Self::Pipe(io::stdin().lines()));
        }
        let editor = DefaultEditor::new().map_err(unreadable)?;
        say("Ask something. /help shows the commands, Ctrl-D leaves.");
        Ok(Self::Terminal(Box::new(editor), TerminalModes::read()))
    }

    /// The next line, without its end; `None` when there are no more.
    pub(super) fn next_line(&mut self) -> Result<Option<String>, CliError> {
        match self {
            Self::Terminal(editor, modes) => {
                let modes = modes.clone();
                interrupt::exit_on_interrupt(move || modes.restore());
                edited_line(editor)
            }
            Self::Pipe(lines) => {
                interrupt::exit_on_interrupt(|| ());
                lines.next().transpose().map_err(CliError::ReadPrompt)
            }
        }
    }

    /// A person has seen what went wrong; a script looks at the exit code.
    pub(super) fn exit_code_after_errors(&self) -> ExitCode {
        match self {
            Self::Terminal(..) => ExitCode::SUCCESS,
            Self::Pipe(_) => ExitCode::FAILURE,
        }
    }
}

/// While a line is edited Ctrl-C is a key: it clears the line.
fn edited_line(editor: &mut DefaultEditor) -> Result<Option<String>, CliError> {
    loop {
        match editor.readline(PROMPT) {
            Ok(line) => {
                editor.add_history_entry(&line).map_err(unreadable)?;
                return Ok(Some(line));
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        }
    }
}

fn unreadable(error: ReadlineError) -> CliError {
    CliError::ReadPrompt(io::Error::other(error))
}
