//! Where questions come from: a person at a terminal, or lines.

use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::DefaultEditor;
use rustyline::config::Configurer;
use rustyline::error::ReadlineError;

use crate::error::CliError;
use crate::interrupt;

/// What a person is asked with.
const PROMPT: &str = "> ";
/// Ends the mode in which a terminal marks what is pasted.
const PASTE_AS_TYPED: &[u8] = b"\x1b[?2004l\n";

/// One of both.
pub(super) enum Input {
    /// Edited, with what was typed before behind the arrow keys; kept in memory only.
    Person {
        editor: Box<DefaultEditor>,
        /// How the terminal was found.
        modes: Termios,
    },
    Lines,
}

/// What was read.
pub(super) enum Line {
    Text(String),
    /// A person thought better of it.
    Cleared,
    /// Bytes that are no UTF-8.
    NotText,
    End,
}

impl Input {
    /// An editor where both sides are a terminal: a prompt in a file helps nobody.
    pub(super) fn open() -> Result<Self, CliError> {
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            return Ok(Self::Lines);
        }
        let mut editor = DefaultEditor::new().map_err(read_error)?;
        editor.set_auto_add_history(true);
        Ok(Self::Person {
            editor: Box::new(editor),
            modes: tcgetattr(io::stdin()).map_err(|error| CliError::ReadPrompt(error.into()))?,
        })
    }

    pub(super) fn is_for_a_person(&self) -> bool {
        matches!(self, Self::Person { .. })
    }

    /// The next line, without its end.
    pub(super) fn read(&mut self) -> Result<Line, CliError> {
        match self {
            Self::Person { editor, modes } => edited(editor, modes),
            Self::Lines => next_line(&mut io::stdin().lock()),
        }
    }
}

fn edited(editor: &mut DefaultEditor, modes: &Termios) -> Result<Line, CliError> {
    let modes = modes.clone();
    // The editor takes Ctrl-C as a key, so it is a signal to end that comes here.
    interrupt::call_on_interrupt(move || leave(&modes));
    if interrupt::is_to_end() {
        return Ok(Line::End);
    }
    writeln!(io::stdout())?;
    match editor.readline(PROMPT) {
        Ok(text) => Ok(Line::Text(text)),
        Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => Ok(Line::Cleared),
        Err(ReadlineError::Eof) => Ok(Line::End),
        Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => {
            Ok(Line::NotText)
        }
        Err(error) => Err(read_error(error)),
    }
}

/// Ends the program and gives the terminal back as it was found.
fn leave(modes: &Termios) {
    let _is_given_back = tcsetattr(io::stdin(), OptionalActions::Now, modes);
    drop(io::stdout().write_all(PASTE_AS_TYPED));
    drop(io::stdout().flush());
    std::process::exit(interrupt::EXIT_CODE.into());
}

fn read_error(error: ReadlineError) -> CliError {
    CliError::ReadPrompt(match error {
        ReadlineError::Io(error) => error,
        other => io::Error::other(other),
    })
}

fn next_line(input: &mut impl BufRead) -> Result<Line, CliError> {
    interrupt::end_on_interrupt();
    if interrupt::is_to_end() {
        return Ok(Line::End);
    }
    let mut bytes = Vec::new();
    let count = input.read_until(b'\n', &mut bytes);
    if count.map_err(CliError::ReadPrompt)? == 0 {
        return Ok(Line::End);
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return Ok(Line::NotText);
    };
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Line::Text(
        text.strip_suffix('\r').unwrap_or(text).to_owned(),
    ))
}
