//! What a line asks for.

use super::command::{Command, parse};
use crate::error::CliError;

/// One line of a conversation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Nothing,
    Question(&'a str),
    Command(Command<'a>),
}

impl<'a> Line<'a> {
    /// A line that begins with `/` is a command, one that begins with a blank never is.
    pub(super) fn parse(line: &'a str) -> Result<Self, CliError> {
        match line.trim() {
            "" => Ok(Self::Nothing),
            _ if line.starts_with('/') => parse(line.trim_end()).map(Self::Command),
            question => Ok(Self::Question(question)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_ask_nothing() {
        assert_eq!(Line::parse("").unwrap(), Line::Nothing);
        assert_eq!(Line::parse(" \t").unwrap(), Line::Nothing);
    }

    #[test]
    fn a_question_may_begin_with_a_slash_behind_a_blank() {
        let asked = |line| Line::parse(line).unwrap();
        assert_eq!(asked(" /etc or /usr? "), Line::Question("/etc or /usr?"));
        assert_eq!(asked("a /help"), Line::Question("a /help"));
        assert_eq!(asked("/help "), Line::Command(Command::Help));
    }
}
