//! A process whose peak is watched from outside, the same for every program.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::survival::process_status::Peaks;

/// The kernel keeps the peak itself; a look only has to come before the process's end.
const PERIOD: Duration = Duration::from_millis(20);

/// What a process that ended well printed and took.
pub(crate) struct Watched {
    pub(crate) output: String,
    /// What it said on standard error.
    pub(crate) messages: String,
    /// `None` where the system does not tell of other processes.
    pub(crate) peak_resident_bytes: Option<u64>,
}

/// Runs a command to its end.
///
/// # Errors
///
/// When it cannot be started, or ends with another status than success: then with what it said.
pub(crate) fn watch(command: &mut Command) -> Result<Watched> {
    let program = command.get_program().display().to_string();
    let (mut output, mut errors) = (tempfile::tempfile()?, tempfile::tempfile()?);
    let mut child = command
        .stdout(output.try_clone()?)
        .stderr(errors.try_clone()?)
        .spawn()
        .with_context(|| format!("`{program}` could not be started"))?;
    let mut peaks = Peaks::default();
    let status = loop {
        peaks.update(child.id());
        if let Some(status) = child.try_wait()? {
            break status;
        }
        sleep(PERIOD);
    };
    if !status.success() {
        bail!(
            "`{program}` ended with {status}:\n{}{}",
            text(&mut output)?,
            text(&mut errors)?
        );
    }
    Ok(Watched {
        output: text(&mut output)?,
        messages: text(&mut errors)?,
        peak_resident_bytes: peaks.resident_bytes,
    })
}

fn text(file: &mut File) -> Result<String> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_prints_is_kept() {
        let watched = watch(Command::new("sh").args(["-c", "echo done; echo well >&2"])).unwrap();
        assert_eq!((&*watched.output, &*watched.messages), ("done\n", "well\n"));
    }

    #[test]
    fn a_failure_tells_what_the_program_said() {
        let Err(error) = watch(Command::new("sh").args(["-c", "echo why >&2; exit 3"])) else {
            panic!("the program failed");
        };
        assert!(error.to_string().ends_with("3:\nwhy\n"), "{error}");
    }
}
