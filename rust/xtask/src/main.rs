//! Developer verbs that Cargo has no name for: MLX for Linux, generated headers and Swift glue, the
//! Apple type check, the test run that crosses languages, and the benchmark beside peers.
//!
//! It may know every room's files but no room's code: nothing here is linked into what users run.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod mlx_for_linux;
mod process;
mod system_packages;
mod workspace;

use workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Developer verbs of Headroom")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Make this machine able to build: system packages and, on Linux, MLX.
    Setup,
}

fn main() -> ExitCode {
    match run(Arguments::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb) -> Result<()> {
    let workspace = Workspace::locate();
    match verb {
        Verb::Setup => setup(&workspace),
    }
}

/// A Mac needs nothing: mlx-sys builds MLX itself with Xcode's tools.
fn setup(workspace: &Workspace) -> Result<()> {
    if cfg!(target_os = "linux") {
        system_packages::ensure(system_packages::BUILD)?;
        mlx_for_linux::ensure(workspace)?;
    }
    Ok(())
}
