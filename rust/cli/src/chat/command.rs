//! The commands inside a conversation, each described once: parser and help come from here.

use std::path::Path;

use crate::error::CliError;

/// What a conversation can be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Help,
    Reset,
    Save(&'a Path),
    Load(&'a Path),
    Memory,
    ShowSystem,
    SetSystem(&'a str),
    Exit,
}

/// How one is written.
struct Usage {
    name: &'static str,
    argument: &'static str,
    help: &'static str,
}

const USAGES: [Usage; 7] = [
    usage("/help", "", "show these commands"),
    usage("/reset", "", "forget everything but the instructions"),
    usage("/save", "FILE", "keep the conversation in a file"),
    usage("/load", "FILE", "go on with a conversation that was saved"),
    usage(
        "/memory",
        "",
        "show what the conversation and headroom take",
    ),
    usage(
        "/system",
        "[TEXT]",
        "show the instructions, or begin anew under others",
    ),
    usage("/exit", "", "leave, as Ctrl-D does"),
];

const fn usage(name: &'static str, argument: &'static str, help: &'static str) -> Usage {
    Usage {
        name,
        argument,
        help,
    }
}

/// Reads a line that begins with `/`.
pub(super) fn parse(line: &str) -> Result<Command<'_>, CliError> {
    let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match (name, argument.trim()) {
        ("/help", "") => Ok(Command::Help),
        ("/reset", "") => Ok(Command::Reset),
        ("/save", file) if !file.is_empty() => Ok(Command::Save(Path::new(file))),
        ("/load", file) if !file.is_empty() => Ok(Command::Load(Path::new(file))),
        ("/memory", "") => Ok(Command::Memory),
        ("/system", "") => Ok(Command::ShowSystem),
        ("/system", text) => Ok(Command::SetSystem(text)),
        ("/exit", "") => Ok(Command::Exit),
        _ => Err(refusal(name)),
    }
}

fn refusal(name: &str) -> CliError {
    match USAGES.iter().find(|usage| usage.name == name) {
        Some(usage) => CliError::ChatUsage {
            usage: usage.written(),
        },
        None => CliError::UnknownChatCommand {
            name: name.to_owned(),
        },
    }
}

/// One line per command.
pub(super) fn help() -> String {
    let lines = USAGES
        .iter()
        .map(|usage| format!("{:16}{}\n", usage.written(), usage.help));
    lines.collect::<String>() + "Ctrl-C stops an answer."
}

impl Usage {
    fn written(&self) -> String {
        format!("{} {}", self.name, self.argument)
            .trim_end()
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_have_blanks_in_its_name() {
        let saved = parse("/save  my talk.safetensors").unwrap();
        assert_eq!(saved, Command::Save(Path::new("my talk.safetensors")));
    }

    #[test]
    fn instructions_are_shown_without_a_text_and_set_with_one() {
        assert_eq!(parse("/system").unwrap(), Command::ShowSystem);
        let set = parse("/system Be brief.").unwrap();
        assert_eq!(set, Command::SetSystem("Be brief."));
    }

    #[test]
    fn a_command_that_is_not_written_so_tells_how_it_is() {
        for (line, usage) in [("/save", "/save FILE"), ("/reset now", "/reset")] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains(&format!("`{usage}`")), "{error}");
        }
    }

    #[test]
    fn an_unknown_command_is_named() {
        let error = parse("/quit now").unwrap_err().to_string();
        assert!(
            error.contains("/quit") && error.contains("/help"),
            "{error}"
        );
    }

    #[test]
    fn every_command_in_the_help_is_known() {
        for usage in &USAGES {
            let argument = usage.argument.trim_matches(['[', ']']);
            assert!(parse(&format!("{} {argument}", usage.name)).is_ok());
        }
    }
}
