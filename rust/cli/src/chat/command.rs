//! What a line of a chat means.

use std::path::PathBuf;

/// What `/help` says.
pub(super) const HELP: &str = "\
/help          this list
/reset         forgets everything but the instructions
/save FILE     writes conversation and KV cache
/load FILE     goes on with a saved conversation
/memory        what conversation and process take
/system        shows the instructions
/system TEXT   sets them; what was said stays
/exit          leaves, as Ctrl-D does
Ctrl-C during an answer ends the answer. A question may begin with a slash behind a blank.";

/// A line, as meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said<'a> {
    Nothing,
    Question(&'a str),
    Command(Command),
}

/// What is asked of the chat itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Help,
    Reset,
    Save(PathBuf),
    Load(PathBuf),
    Memory,
    ShowSystem,
    SetSystem(String),
    Exit,
}

/// Why a line that begins with a slash is no command.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CommandError {
    #[error("there is no command {0}; /help lists them, and a blank in front makes it a question")]
    Unknown(String),
    #[error("{0} needs a file, as in {0} story.chat")]
    NoFile(String),
    #[error("{0} takes nothing behind it")]
    Surplus(String),
}

impl<'a> Said<'a> {
    /// A command begins with a slash in the first column.
    pub(super) fn parse(line: &'a str) -> Result<Self, CommandError> {
        if line.starts_with('/') {
            return Ok(Self::Command(Command::parse(line.trim_end())?));
        }
        Ok(match line.trim() {
            "" => Self::Nothing,
            text => Self::Question(text),
        })
    }
}

impl Command {
    fn parse(line: &str) -> Result<Self, CommandError> {
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim_start();
        match name {
            "/save" => Ok(Self::Save(file(name, rest)?)),
            "/load" => Ok(Self::Load(file(name, rest)?)),
            "/system" if !rest.is_empty() => Ok(Self::SetSystem(rest.to_owned())),
            _ => {
                let command = Self::without_argument(name)?;
                match rest.is_empty() {
                    true => Ok(command),
                    false => Err(CommandError::Surplus(name.to_owned())),
                }
            }
        }
    }

    fn without_argument(name: &str) -> Result<Self, CommandError> {
        match name {
            "/help" => Ok(Self::Help),
            "/reset" => Ok(Self::Reset),
            "/memory" => Ok(Self::Memory),
            "/system" => Ok(Self::ShowSystem),
            "/exit" => Ok(Self::Exit),
            _ => Err(CommandError::Unknown(name.to_owned())),
        }
    }
}

/// No shell stands between a person and this path, so the home directory is looked up here.
fn file(name: &str, path: &str) -> Result<PathBuf, CommandError> {
    if path.is_empty() {
        return Err(CommandError::NoFile(name.to_owned()));
    }
    let below_home = path.strip_prefix("~/").zip(std::env::home_dir());
    Ok(below_home.map_or_else(|| PathBuf::from(path), |(rest, home)| home.join(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str) -> Command {
        match Said::parse(line) {
            Ok(Said::Command(command)) => command,
            other => panic!("{line} is {other:?}"),
        }
    }

    #[test]
    fn every_command_of_the_help_is_understood() {
        for line in HELP.lines().filter(|line| line.starts_with('/')) {
            let usage = line.split("  ").next().unwrap();
            command(usage);
        }
    }

    #[test]
    fn what_stands_behind_a_command_is_one_argument() {
        assert_eq!(
            command("/save my story.chat "),
            Command::Save(PathBuf::from("my story.chat"))
        );
        assert_eq!(
            command("/load\ta.chat"),
            Command::Load(PathBuf::from("a.chat"))
        );
        assert_eq!(
            command("/system  Be  brief."),
            Command::SetSystem("Be  brief.".to_owned())
        );
        assert_eq!(command("/system "), Command::ShowSystem);
    }

    #[test]
    fn a_path_may_begin_at_home() {
        let home = std::env::home_dir().unwrap();
        assert_eq!(command("/save ~/a"), Command::Save(home.join("a")));
        assert_eq!(command("/save ~a"), Command::Save(PathBuf::from("~a")));
    }

    #[test]
    fn what_is_no_command_is_refused_in_words() {
        let refusal = |line| Said::parse(line).unwrap_err();
        assert_eq!(
            refusal("/sing it"),
            CommandError::Unknown("/sing".to_owned())
        );
        assert_eq!(refusal("/"), CommandError::Unknown("/".to_owned()));
        assert_eq!(refusal("/save"), CommandError::NoFile("/save".to_owned()));
        assert_eq!(
            refusal("/reset all"),
            CommandError::Surplus("/reset".to_owned())
        );
    }

    #[test]
    fn everything_else_is_a_question() {
        assert_eq!(Said::parse(" hello "), Ok(Said::Question("hello")));
        assert_eq!(Said::parse(" /reset"), Ok(Said::Question("/reset")));
        assert_eq!(Said::parse(" \t"), Ok(Said::Nothing));
    }
}
