//! `make test`: every test of the project, in the order in which a failure is quickest to find, and a
//! summary that names what this machine could not run.

use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::apple_check::Outcome;
use crate::fuzz::Fuzz;
use crate::process::{announce, run};
use crate::workspace::Workspace;
use crate::{abi_tests, c_header, readme, swift_package};

/// One part of the run.
struct Step {
    name: &'static str,
    run: fn(&Workspace) -> Result<Outcome>,
}

const STEPS: &[Step] = &[
    Step {
        name: "formatting",
        run: |workspace| cargo(workspace, &["fmt", "--all", "--check"]),
    },
    Step {
        name: "clippy, warnings as errors",
        run: |workspace| {
            cargo(
                workspace,
                &[
                    "clippy",
                    "--release",
                    "--locked",
                    "--workspace",
                    "--all-targets",
                    "--",
                    "--deny=warnings",
                ],
            )
        },
    },
    Step {
        name: "Rust tests and golden logits",
        run: |workspace| cargo(workspace, &["test", "--release", "--locked", "--workspace"]),
    },
    Step {
        name: "fuzz targets, a minute each",
        run: |workspace| {
            // The same dice each time, so that it is a change that fails the tests and not luck.
            let everything = Fuzz {
                seconds: 60,
                since: None,
                seed: Some(1),
            };
            everything.run(workspace)
        },
    },
    Step {
        name: "C header is current",
        run: |workspace| c_header::check(workspace).map(passed),
    },
    Step {
        name: "Swift glue is current",
        run: |workspace| swift_package::check_glue(workspace).map(passed),
    },
    Step {
        name: "C and C++ hosts",
        run: |workspace| abi_tests::run(workspace).map(passed),
    },
    Step {
        name: "Swift package",
        run: swift_package::test,
    },
    Step {
        name: "Apple type check",
        run: crate::apple_check,
    },
    Step {
        name: "commands in the README",
        run: |workspace| readme::run_commands(workspace).map(passed),
    },
];

/// Runs all steps, also after one has failed, and fails when any did.
pub(crate) fn run_all(workspace: &Workspace) -> Result<()> {
    let results: Vec<_> = STEPS.iter().map(|step| step.carry_out(workspace)).collect();
    println!("\nSummary");
    for (step, (result, seconds)) in STEPS.iter().zip(&results) {
        println!("{:>8}  {} ({seconds:.0} s)", word(result), step.name);
        match result {
            Ok(Outcome::Passed) => {}
            Ok(Outcome::Skipped(reason)) => println!("          {reason}"),
            Err(error) => println!("          {error:#}"),
        }
    }
    let count = |wanted| {
        results
            .iter()
            .filter(|(result, _)| word(result) == wanted)
            .count()
    };
    let failed = count("FAILED");
    println!(
        "{} passed, {failed} failed, {} skipped",
        count("passed"),
        count("skipped")
    );
    match failed {
        0 => Ok(()),
        _ => bail!("the steps marked FAILED did not pass"),
    }
}

impl Step {
    fn carry_out(&self, workspace: &Workspace) -> (Result<Outcome>, f64) {
        announce(self.name);
        let started = Instant::now();
        let result = (self.run)(workspace);
        if let Err(error) = &result {
            println!("FAILED: {}: {error:#}", self.name);
        }
        (result, started.elapsed().as_secs_f64())
    }
}

fn word(result: &Result<Outcome>) -> &'static str {
    match result {
        Ok(Outcome::Passed) => "passed",
        Ok(Outcome::Skipped(_)) => "skipped",
        Err(_) => "FAILED",
    }
}

fn passed(_: ()) -> Outcome {
    Outcome::Passed
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Result<Outcome> {
    run(Command::new("cargo")
        .args(arguments)
        .current_dir(workspace.root()))?;
    Ok(Outcome::Passed)
}
