//! Runs every command that the README shows, so that none of them can become untrue.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{announce, run};
use crate::workspace::Workspace;

/// Commands that this very run belongs to.
const RUNNING_NOW: &[&str] = &["make test"];

/// Runs the lines of all `sh` blocks in order, from the checkout's root.
pub(crate) fn run_commands(workspace: &Workspace) -> Result<()> {
    let text = std::fs::read_to_string(workspace.root().join("README.md"))?;
    let commands = shell_lines(&text);
    if commands.is_empty() {
        bail!("README.md shows no command");
    }
    for line in commands
        .into_iter()
        .filter(|line| !RUNNING_NOW.contains(line))
    {
        announce(&format!("README: {line}"));
        let mut shell = Command::new("bash");
        shell
            .args(["-euo", "pipefail", "-c", line])
            .current_dir(workspace.root());
        run(&mut shell).with_context(|| format!("README.md shows `{line}`, which failed"))?;
    }
    Ok(())
}

fn shell_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut is_shell = false;
    for line in text.lines() {
        match line.trim() {
            "```sh" => is_shell = true,
            "```" => is_shell = false,
            "" => {}
            command if is_shell && !command.starts_with('#') => lines.push(command),
            _ => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::shell_lines;

    #[test]
    fn only_commands_in_shell_blocks_count() {
        let text = "a\n```sh\n# why\nmake demo\n\nmake test\n```\n```swift\nlet x = 1\n```\nb";
        assert_eq!(shell_lines(text), ["make demo", "make test"]);
    }
}
