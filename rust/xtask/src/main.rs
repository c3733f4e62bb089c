//! Developer verbs that Cargo has no name for: MLX for Linux, generated headers and Swift glue, the
//! Apple type check, the test run that crosses languages, and the benchmark.
//!
//! It may know every room's files, and of their code only what memory's strategies are: nothing here
//! is linked into what users run.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

mod abi_tests;
mod apple_check;
mod bench;
mod c_header;
mod debian_root;
mod fuzz;
mod mlx_for_linux;
mod process;
mod readme;
mod survival;
mod swift_package;
mod system_packages;
mod test_run;
mod workspace;
mod xcframework;

use apple_check::{AppleCheck, Outcome};
use fuzz::Fuzz;
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
    /// Check the code that only Apple systems compile, for iOS, its simulator and macOS.
    AppleCheck,
    /// Generate `include/headroom.h` from the Rust files of the C boundary.
    Header {
        /// Write nothing; fail when the committed file differs.
        #[arg(long)]
        check: bool,
    },
    /// Build hosts in C and C++ over the static library and run their tests.
    Abi,
    /// Generate the Swift side of the bridge.
    SwiftGlue {
        /// Write nothing; fail when the committed files differ.
        #[arg(long)]
        check: bool,
    },
    /// Build the Swift package over the static library and run its tests.
    Swift,
    /// Run the fuzz targets of the gate, all or those whose rooms have changed.
    Fuzz {
        /// Seconds for each target.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
        /// Only targets whose rooms differ from this Git revision.
        #[arg(long, value_name = "REV")]
        since: Option<String>,
        /// Throw the same dice as another run with this number.
        #[arg(long, value_name = "N")]
        seed: Option<u32>,
    },
    /// Run every test of the project and sum up.
    Test,
    /// Measure strategies, governor, readings and predictions, and speed and memory beside mlx-lm.
    Bench {
        /// Measure this part alone; may be given several times.
        #[arg(long, value_name = "PART")]
        only: Vec<bench::Part>,
    },
    /// Generate inside limits, stepped down, with the governor and without (on Linux).
    Survival,
    /// Run every command that the README shows.
    Readme,
    /// Build `Headroom.xcframework` (on a Mac).
    Xcframework,
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
        Verb::AppleCheck => apple_check(&workspace).map(print_outcome),
        Verb::Header { check: true } => c_header::check(&workspace),
        Verb::Header { check: false } => c_header::generate(&workspace),
        Verb::Abi => abi_tests::run(&workspace),
        Verb::SwiftGlue { check: true } => swift_package::check_glue(&workspace),
        Verb::SwiftGlue { check: false } => swift_package::generate_glue(&workspace),
        Verb::Swift => swift_package::test(&workspace).map(print_outcome),
        Verb::Fuzz {
            seconds,
            since,
            seed,
        } => {
            let since = since.as_deref();
            let fuzz = Fuzz {
                seconds,
                since,
                seed,
            };
            fuzz.run(&workspace).map(print_outcome)
        }
        Verb::Test => test_run::run_all(&workspace),
        Verb::Bench { only } => bench::run(&workspace, &only),
        Verb::Survival => survival::run(&workspace),
        Verb::Readme => readme::run_commands(&workspace),
        Verb::Xcframework => xcframework::build(&workspace),
    }
}

fn print_outcome(outcome: Outcome) {
    match outcome {
        Outcome::Passed => println!("passed"),
        Outcome::Skipped(reason) => println!("skipped: {reason}"),
    }
}

fn apple_check(workspace: &Workspace) -> Result<Outcome> {
    AppleCheck {
        workspace: workspace.root(),
        debian_root: &workspace.debian_root(),
        mlx_bindings: &workspace.mlx().join("bindings"),
        target_directory: &workspace.target().join("apple"),
    }
    .run()
}

/// A Mac needs nothing: mlx-sys builds MLX itself with Xcode's tools.
fn setup(workspace: &Workspace) -> Result<()> {
    if cfg!(target_os = "linux") {
        system_packages::ensure(system_packages::BUILD)?;
        mlx_for_linux::ensure(workspace)?;
    }
    Ok(())
}
