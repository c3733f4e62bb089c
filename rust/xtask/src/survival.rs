//! Proof that memory does not kill: `headroom generate` inside limits that the kernel enforces,
//! stepped down from comfortable to too small, with the governor and without.
//!
//! A governed run must finish, stop with reason `memory`, or be refused with a sentence. A run without
//! the governor must be killed at least once, or the limits were never tight and nothing is proved.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

mod boundary;
mod control_group;
mod ending;
mod execution;
pub(crate) mod process_status;
mod random_model;
mod steps;
mod subject;
mod table;
mod verdict;

use boundary::Boundary;
use execution::{Execution, Run, Taken};
use steps::Need;
use subject::Subject;

use crate::process::{announce, run as run_command, run_quietly};
use crate::workspace::Workspace;

/// Who watches over a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Governor {
    On,
    Off,
    /// The program has no governor to choose.
    None,
}

/// Carries out all runs, prints them and judges them.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("only Linux lets a program be run inside a limit that is set from outside");
    }
    let survival = Survival::prepare(workspace)?;
    let mut runs = Vec::new();
    for boundary in boundaries() {
        let bare_bytes = survival.least_limit_of_bare_program(&boundary)?;
        for subject in &survival.subjects {
            runs.extend(survival.step_down(&boundary, subject, bare_bytes)?);
        }
    }
    let verdict = verdict::judge(&runs);
    println!("\n{verdict}");
    match verdict.is_broken() {
        true => bail!("a run that the governor watched over did not end in order"),
        false => Ok(()),
    }
}

/// What is run.
struct Survival {
    program: PathBuf,
    subjects: Vec<Subject>,
    governors: &'static [Governor],
    /// Where a run's output goes.
    directory: PathBuf,
}

impl Survival {
    fn prepare(workspace: &Workspace) -> Result<Self> {
        build_headroom(workspace)?;
        let program = workspace.target().join("release/headroom");
        let directory = workspace.target().join("survival");
        std::fs::create_dir_all(&directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        Ok(Self {
            governors: governors(&program)?,
            subjects: subject::all(workspace, &directory)?,
            program,
            directory,
        })
    }

    fn least_limit_of_bare_program(&self, boundary: &Boundary) -> Result<u64> {
        // It takes a hundredth of a second; where memory fails it, it may never end.
        const TIME_LIMIT: Duration = Duration::from_millis(1500);
        const ENOUGH_BYTES: u64 = 1 << 30;
        let execution = self.execution(boundary, TIME_LIMIT);
        execution.least_limit_of_bare_program(ENOUGH_BYTES)
    }

    fn step_down(
        &self,
        boundary: &Boundary,
        subject: &Subject,
        bare_bytes: u64,
    ) -> Result<Vec<Run>> {
        let comfortable = self.measure(boundary, subject)?;
        let need = Need {
            bare_bytes,
            comfortable_bytes: comfortable.peak_bytes,
        };
        let execution = self.execution(boundary, time_limit(comfortable.time));
        table::print_heading(boundary, subject, need);
        let mut runs = Vec::new();
        for step in need.steps() {
            for &governor in self.governors {
                let run = execution.generate(subject, governor, step)?;
                table::print_run(&run);
                runs.push(run);
            }
        }
        Ok(runs)
    }

    /// What a generation takes when nothing limits it. The first is not counted: it brings the files
    /// into the page cache, which a group would be charged for.
    fn measure(&self, boundary: &Boundary, subject: &Subject) -> Result<Taken> {
        let execution = self.execution(boundary, execution::GENEROUS_TIME);
        execution.generate_freely(subject)?;
        execution.generate_freely(subject)
    }

    fn execution<'a>(&'a self, boundary: &'a Boundary, time_limit: Duration) -> Execution<'a> {
        Execution {
            program: &self.program,
            boundary,
            directory: &self.directory,
            time_limit,
        }
    }
}

/// Several times what a run takes that nothing limits; more when that is next to nothing, for
/// machines that do something else as well.
fn time_limit(comfortable: Duration) -> Duration {
    const LEAST: Duration = Duration::from_secs(4);
    (3 * comfortable).max(LEAST)
}

/// The kinds of limit that this machine allows.
fn boundaries() -> Vec<Boundary> {
    match control_group::Place::find() {
        Ok(place) => vec![Boundary::ControlGroup(place), Boundary::AddressSpace],
        Err(reason) => {
            println!("no control group can be made, so only address space is limited: {reason:#}");
            vec![Boundary::AddressSpace]
        }
    }
}

/// With and without, where the program has the flag.
fn governors(program: &Path) -> Result<&'static [Governor]> {
    let help = run_quietly(Command::new(program).args(["generate", "--help"]))?;
    Ok(match help.contains("--governor") {
        true => &[Governor::Off, Governor::On],
        false => &[Governor::None],
    })
}

fn build_headroom(workspace: &Workspace) -> Result<()> {
    announce("Building headroom for release");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run_command(
        Command::new(cargo)
            .args(["build", "--quiet", "--release", "--locked"])
            .args(["--package", "headroom-cli"])
            .current_dir(workspace.root()),
    )
}
