//! The probe under limits that the kernel really enforces: each test starts
//! the example `reading` in a process of its own, under a limit of its own.
#![cfg(target_os = "linux")]

mod control_groups;
mod resource_limits;

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

const MIB: u64 = 1 << 20;

/// The example, which cargo builds into the folder beside that of the tests.
fn reading_example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let example = test.ancestors().nth(2).unwrap().join("examples/reading");
    assert!(
        example.exists(),
        "{} is missing; build it with `cargo build -p headroom-memory --examples`",
        example.display()
    );
    example
}

/// Runs the script with the example and its arguments as `"$@"`.
fn under(script: &str, arguments: &[&str]) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]);
    shell.arg(reading_example()).args(arguments);
    shell
}

fn state(output: &Output) -> Value {
    assert!(
        output.status.success(),
        "{}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn bytes(state: &Value, name: &str) -> u64 {
    state[name]
        .as_u64()
        .unwrap_or_else(|| panic!("{name} is unknown in {state}"))
}

/// The source and size of the tightest limit.
fn tightest(state: &Value) -> (&str, u64) {
    let limit = &state["system"]["limits"][0];
    (limit["source"].as_str().unwrap(), bytes(limit, "bytes"))
}
