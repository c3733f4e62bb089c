//! A program that reads its prompt from standard input.

use std::io::Write;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// Starts a program and gives it the whole prompt.
pub(crate) fn start(command: &mut Command, prompt: &str) -> Result<Child> {
    let program = command.get_program().to_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{}` could not be started", program.display()))?;
    let mut input = child.stdin.take().context("the input is a pipe")?;
    // A program that ends before it reads has its reason on standard error, shown by `finish`.
    drop(input.write_all(prompt.as_bytes()));
    Ok(child)
}

/// Waits for the end and gives what was printed; `name` is what a failure is reported under.
pub(crate) fn finish(child: Child, name: &str) -> Result<Vec<u8>> {
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{name} ended with {}: {errors}", output.status);
    }
    Ok(output.stdout)
}
