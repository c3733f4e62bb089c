//! `headroom chat` as a person sees it: a prompt, a line that can be edited, and Ctrl-C that ends an
//! answer or a line and never the program.
//!
//! On Linux alone, whose `setsid` gives a program a terminal that turns Ctrl-C into a signal.
#![cfg(target_os = "linux")]

mod support;
mod watch_terminal;

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use rustix::termios::LocalModes;
use support::tiny_model::storyteller;
use support::{endless_talker, headroom};
use watch_terminal::Watched;

fn chat(model: &Path, more: &[&str]) -> Watched {
    let chat = headroom(["chat".as_ref(), "--model".as_ref(), model.as_os_str()]);
    let mut command = Command::new("setsid");
    command.args(["--ctty".as_ref(), chat.get_program()]);
    command
        .args(chat.get_args())
        .args(more.iter().map(OsStr::new));
    let mut watched = Watched::of(&mut command);
    watched.wait_until(|text| prompts(text) == 1);
    watched
}

/// How often a line was asked for: the editor lets the terminal mark what is pasted.
fn prompts(text: &str) -> usize {
    text.matches("\x1b[?2004h").count()
}

/// What came behind the line that the prompt of this number asked for.
fn behind_line(text: &str, number: usize) -> &str {
    text.split("\x1b[?2004l").nth(number).unwrap_or_default()
}

/// Presses `keys`, the last of which ends a line or an answer, and waits for the next prompt: between two of them
/// a terminal takes keys in its own way.
fn enter(watched: &mut Watched, keys: &str) {
    let before = prompts(&watched.text());
    watched.press(keys);
    watched.wait_until(|text| prompts(text) > before);
}

/// Asks, and presses Ctrl-C once an answer that has no end is under way.
fn ask_and_interrupt(watched: &mut Watched) {
    let number = prompts(&watched.text());
    watched.press("abc\r");
    watched.wait_until(|text| behind_line(text, number).trim().len() > 20);
    enter(watched, "\x03");
}

#[test]
fn control_c_ends_an_answer_and_what_was_said_stays_said() {
    let model = endless_talker();
    let mut watched = chat(model.path(), &["--max-tokens", "900000"]);
    ask_and_interrupt(&mut watched);
    ask_and_interrupt(&mut watched);
    enter(&mut watched, "/memory\r");
    watched.wait_for("4 messages");
    watched.press("\x04");
    assert_eq!(watched.end().exit_code, Some(0));
}

#[test]
fn control_c_at_the_prompt_clears_the_line() {
    let mut watched = chat(&storyteller(), &[]);
    enter(&mut watched, "/exit\x03");
    enter(&mut watched, "/memory\r");
    watched.wait_for("0 messages");
    watched.press("\x04");
    let end = watched.end();
    assert_eq!(end.exit_code, Some(0));
    assert_eq!(end.modes_after, end.modes_before);
    assert!(!end.has_colour());
}

#[test]
fn lines_can_be_edited_and_come_back() {
    let mut watched = chat(&storyteller(), &["--system", "Be kind."]);
    enter(&mut watched, "/systex\x7fm\r");
    watched.wait_for("\nBe kind.\r");
    enter(&mut watched, "\x1b[A\r");
    watched.wait_until(|text| text.matches("\nBe kind.\r").count() == 2);
    watched.press("/exit\r");
    assert_eq!(watched.end().exit_code, Some(0));
}

#[test]
fn a_signal_to_end_gives_the_terminal_back() {
    let watched = chat(&storyteller(), &[]);
    watched.terminate();
    let end = watched.end();
    assert_eq!(end.exit_code, Some(130));
    assert!(end.modes_after.contains(LocalModes::ECHO));
    assert_eq!(end.modes_after, end.modes_before);
}
