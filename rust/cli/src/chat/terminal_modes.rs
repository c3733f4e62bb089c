//! How the terminal was before lines were edited on it, for an end that comes from outside.

use std::io::{self, Write};

#[cfg(unix)]
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// Ends the bracketed paste that the editor asks for.
const NO_BRACKETED_PASTE: &str = "\x1b[?2004l";

/// The modes of the terminal on standard input.
#[derive(Clone)]
pub(super) struct TerminalModes {
    /// `None` where they cannot be read.
    #[cfg(unix)]
    before: Option<Termios>,
}

impl TerminalModes {
    pub(super) fn read() -> Self {
        Self {
            #[cfg(unix)]
            before: tcgetattr(io::stdin()).ok(),
        }
    }

    /// Makes it as it was. The process is ending; there is nobody left to tell of a failure.
    pub(super) fn restore(&self) {
        #[cfg(unix)]
        if let Some(before) = &self.before {
            let _is_restored = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
        drop(writeln!(io::stdout(), "{NO_BRACKETED_PASTE}"));
    }
}
