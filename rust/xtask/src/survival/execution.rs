//! One run: a program inside a limit, watched to its end.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Governor;
use super::boundary::{Boundary, Confinement};
use super::ending::{Ending, Remains};
use super::process_status::Peaks;
use super::steps::Step;
use super::subject::Subject;

/// For runs that nothing limits; the slowest takes seconds.
pub(crate) const GENEROUS_TIME: Duration = Duration::from_secs(120);
/// Between two looks at a running process.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// How runs are carried out.
pub(crate) struct Execution<'a> {
    pub(crate) program: &'a Path,
    pub(crate) boundary: &'a Boundary,
    /// Where the output goes.
    pub(crate) directory: &'a Path,
    /// A run that takes longer is ended and lost.
    pub(crate) time_limit: Duration,
}

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// As the kind of limit counts it.
    pub(crate) peak_bytes: u64,
    pub(crate) time: Duration,
}

/// What came of a generation inside a limit.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) step: Step,
    pub(crate) governor: Governor,
    pub(crate) ending: Ending,
    /// As the limit counts it.
    pub(crate) peak_bytes: Option<u64>,
    /// Resident pages, those of files among them.
    pub(crate) peak_resident_bytes: Option<u64>,
    pub(crate) actions: Vec<String>,
    pub(crate) time: Duration,
}

/// A program that has ended.
struct Ended {
    /// `None` when it was ended for taking too long.
    status: Option<ExitStatus>,
    peaks: Peaks,
    peak_bytes: Option<u64>,
    output: String,
    errors: String,
    time: Duration,
}

impl Execution<'_> {
    /// Generates inside a limit.
    pub(crate) fn generate(
        &self,
        subject: &Subject,
        governor: Governor,
        step: Step,
    ) -> Result<Run> {
        let confinement = self.boundary.confine(Some(step.limit_bytes))?;
        let ended = self.run(&confinement, |command| subject.generate(command, governor))?;
        let remains = ended.remains();
        Ok(Run {
            step,
            governor,
            ending: remains.as_ref().map_or(Ending::TimedOut, Remains::ending),
            actions: remains.map(|remains| remains.actions()).unwrap_or_default(),
            peak_bytes: ended.peak_bytes,
            peak_resident_bytes: ended.peaks.resident_bytes,
            time: ended.time,
        })
    }

    /// What a generation takes when nothing limits it.
    pub(crate) fn generate_freely(&self, subject: &Subject) -> Result<Taken> {
        let confinement = self.boundary.confine(None)?;
        let ended = self.run(&confinement, |command| {
            subject.generate(command, Governor::None)
        })?;
        if !ended.status.is_some_and(|status| status.success()) {
            bail!("headroom failed without any limit: {}", ended.errors.trim());
        }
        let peak_bytes = ended
            .peak_bytes
            .with_context(|| format!("the system does not tell the peak of a {}", self.boundary))?;
        Ok(Taken {
            peak_bytes,
            time: ended.time,
        })
    }

    /// The smallest limit under which the program starts MLX, reads its memory and ends, found by
    /// halving what lies below a limit that is enough.
    pub(crate) fn least_limit_of_bare_program(&self, enough_bytes: u64) -> Result<u64> {
        const PRECISION_BYTES: u64 = 1 << 20;
        let (mut too_small, mut enough) = (0, enough_bytes);
        while enough - too_small > PRECISION_BYTES {
            let middle = too_small + (enough - too_small) / 2;
            match self.starts_within(middle)? {
                true => enough = middle,
                false => too_small = middle,
            }
        }
        Ok(enough)
    }

    fn starts_within(&self, limit_bytes: u64) -> Result<bool> {
        let confinement = self.boundary.confine(Some(limit_bytes))?;
        let ended = self.run(&confinement, |command| {
            command.args(["memory", "--json"]);
            Ok(())
        })?;
        Ok(ended.status.is_some_and(|status| status.success()))
    }

    fn run(
        &self,
        confinement: &Confinement,
        arguments: impl FnOnce(&mut Command) -> Result<()>,
    ) -> Result<Ended> {
        let mut command = confinement.command(self.program.as_os_str());
        arguments(&mut command)?;
        let [output, errors] = ["output.json", "errors.txt"].map(|name| self.directory.join(name));
        let start = Instant::now();
        let child = command
            .stdout(create(&output)?)
            .stderr(create(&errors)?)
            .spawn()
            .context("`sh` could not be started")?;
        let (status, peaks) = watch(child, self.time_limit)?;
        Ok(Ended {
            status,
            peaks,
            peak_bytes: confinement.peak_bytes(peaks),
            output: read(&output)?,
            errors: read(&errors)?,
            time: start.elapsed(),
        })
    }
}

impl Ended {
    fn remains(&self) -> Option<Remains<'_>> {
        Some(Remains {
            status: self.status?,
            output: &self.output,
            errors: &self.errors,
        })
    }
}

/// Looks at a process until it ends, or ends it when its time is over.
fn watch(mut child: Child, time_limit: Duration) -> Result<(Option<ExitStatus>, Peaks)> {
    let start = Instant::now();
    let mut peaks = Peaks::default();
    while start.elapsed() < time_limit {
        if let Some(status) = child.try_wait()? {
            return Ok((Some(status), peaks));
        }
        peaks.update(child.id());
        std::thread::sleep(LOOK_INTERVAL);
    }
    child.kill()?;
    child.wait()?;
    Ok((None, peaks))
}

fn create(path: &PathBuf) -> Result<File> {
    File::create(path).with_context(|| format!("cannot create {}", path.display()))
}

/// What a killed program printed may end in the middle of a character.
fn read(path: &PathBuf) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
