//! `headroom memory --watch`: lines for programs and files, a screen for people, and a terminal that
//! is given back as it was.

mod support;
mod watch_terminal;

use std::io::{BufRead, BufReader};
use std::process::{ExitStatus, Stdio};

use serde_json::Value;
use support::headroom;
use watch_terminal::Watched;

/// The first lines of a watch whose reader then goes away, and how it ended.
fn first_lines(flags: &[&str], count: usize) -> (Vec<String>, ExitStatus) {
    let mut command = headroom(["memory", "--watch", "1"]);
    let mut child = command
        .args(flags)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let lines = lines.take(count).map(Result::unwrap).collect();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stderr, b"");
    (lines, output.status)
}

#[test]
fn without_a_terminal_a_reading_is_a_line_until_its_reader_goes_away() {
    let (lines, status) = first_lines(&[], 2);
    for line in &lines {
        assert!(line.starts_with("budget "), "{line}");
        assert!(line.contains(", pressure "), "{line}");
        assert!(!line.contains('\x1b'), "{line}");
    }
    assert_eq!(status.code(), Some(0));
}

#[test]
fn with_json_a_reading_is_one_object_a_line() {
    let (lines, status) = first_lines(&["--json"], 2);
    for line in &lines {
        let state: Value = serde_json::from_str(line).unwrap();
        assert!(state["budget_bytes"].is_u64(), "{line}");
        assert!(state["mlx"]["active_bytes"].is_u64(), "{line}");
    }
    assert_eq!(status.code(), Some(0));
}

#[test]
fn on_a_terminal_q_leaves_and_the_terminal_is_as_before() {
    let mut watched = Watched::start();
    watched.wait_for("active");
    watched.press("q");
    let end = watched.end();
    assert_eq!(end.exit_code, Some(0));
    assert_eq!(end.modes_after, end.modes_before);
    assert!(end.gives_the_screen_back());
}

#[test]
fn a_run_is_shown_beside_the_machine() {
    let run = tempfile::tempdir().unwrap();
    let mut command = headroom(["memory", "--watch", "1", "--run"]);
    let mut watched = Watched::of(command.arg(run.path()));
    watched.wait_for("trains");
    watched.press("q");
    assert_eq!(watched.end().exit_code, Some(0));
}

#[test]
fn control_c_leaves_as_well() {
    let mut watched = Watched::start();
    watched.wait_for("active");
    watched.press("\x03");
    let end = watched.end();
    assert_eq!(end.exit_code, Some(0));
    assert_eq!(end.modes_after, end.modes_before);
}

#[test]
fn a_signal_to_end_gives_the_terminal_back_too() {
    let mut watched = Watched::start();
    watched.wait_for("active");
    watched.terminate();
    let end = watched.end();
    assert_eq!(end.exit_code, Some(130));
    assert_eq!(end.modes_after, end.modes_before);
    assert!(end.gives_the_screen_back());
}

#[test]
fn no_color_is_respected() {
    let mut watched = Watched::start();
    watched.wait_for("active");
    watched.press("q");
    assert!(watched.end().has_colour());

    let mut plain = Watched::start_with(&[("NO_COLOR", "1")]);
    plain.wait_for("active");
    plain.press("q");
    assert!(!plain.end().has_colour());
}
