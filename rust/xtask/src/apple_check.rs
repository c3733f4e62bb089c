//! Reads the code that only Apple compiles, on any machine: `cargo check` for iOS, its simulator and
//! macOS, warnings as errors.
//!
//! Checking needs Rust's standard library for those targets and no Apple SDK. Where rustup has it, the
//! machine's own Cargo is used; otherwise a Debian 13 root checks against the standard library's
//! sources. Off a Mac, MLX's bindings for Linux stand in for those that mlx-sys would generate there;
//! the C headers, and so the declarations, are the same.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::debian_root::{Availability, DebianRoot, RUST_WITH_SOURCES};
use crate::process::{announce, run, run_quietly};

/// The crates that an app links.
const IN_APPS: &[&str] = &[
    "headroom-formats",
    "headroom-memory",
    "headroom-hub",
    "headroom-mlx",
    "headroom-models",
    "headroom-engine",
    "headroom-bindings",
];

/// What runs only at a Mac's terminal.
const ON_MACS: &[&str] = &["headroom-cli"];

const MAC: &str = "aarch64-apple-darwin";

/// Every target that is checked.
pub(crate) const TARGETS: &[&str] = &["aarch64-apple-ios", "aarch64-apple-ios-sim", MAC];

/// Where the parts of the check lie.
pub(crate) struct AppleCheck<'a> {
    /// The checkout.
    pub(crate) workspace: &'a Path,
    /// Where the Debian 13 root is or may be made.
    pub(crate) debian_root: &'a Path,
    /// The directory of MLX's generated `bindings.rs`. Unused on a Mac.
    pub(crate) mlx_bindings: &'a Path,
    /// A target directory of its own, so that the check and the builds do not undo each other.
    pub(crate) target_directory: &'a Path,
}

/// What became of the check.
pub(crate) enum Outcome {
    /// Every target passed.
    Passed,
    /// Some targets could not be checked on this machine: one sentence that says which and why.
    Skipped(String),
}

impl AppleCheck<'_> {
    /// Checks every target; code that does not pass is an error.
    pub(crate) fn run(&self) -> Result<Outcome> {
        let (installed, missing): (Vec<_>, Vec<_>) = TARGETS
            .iter()
            .copied()
            .partition(|target| has_standard_library(target));
        if !installed.is_empty() {
            announce(&format!("Checking for {}", installed.join(", ")));
            self.check(&installed, || Command::new("cargo"))?;
        }
        if missing.is_empty() {
            return Ok(Outcome::Passed);
        }
        match DebianRoot::ensure(self.debian_root, RUST_WITH_SOURCES)? {
            Availability::Ready(root) => self.check_inside(root, &missing),
            Availability::Unavailable(reason) => Ok(Outcome::Skipped(format!(
                "no standard library for {}: `rustup target add` them ({reason})",
                missing.join(", ")
            ))),
        }
    }

    /// Debian's compiler is a stable one; the bootstrap variable lets it take `-Z build-std`.
    fn check_inside(&self, mut root: DebianRoot, targets: &[&str]) -> Result<Outcome> {
        let cargo_home = cargo_home()?;
        for directory in [self.workspace, self.target_directory, &cargo_home] {
            std::fs::create_dir_all(directory)?;
            root.share(directory)?;
        }
        announce(&format!("Checking in Debian 13 for {}", targets.join(", ")));
        self.check(targets, || {
            let mut cargo = root.command(self.workspace, "cargo");
            cargo
                .env("CARGO_HOME", &cargo_home)
                .env("RUSTC_BOOTSTRAP", "1")
                .arg("-Zbuild-std=std,panic_abort");
            cargo
        })?;
        Ok(Outcome::Passed)
    }

    /// All targets in one go, as the standard library's chain of crates leaves processors idle.
    fn check(&self, targets: &[&str], cargo: impl Fn() -> Command) -> Result<()> {
        self.check_packages(targets, IN_APPS, cargo())?;
        if targets.contains(&MAC) {
            self.check_packages(&[MAC], ON_MACS, cargo())?;
        }
        Ok(())
    }

    fn check_packages(
        &self,
        targets: &[&str],
        packages: &[&str],
        mut cargo: Command,
    ) -> Result<()> {
        cargo
            .args(["check", "--quiet", "--locked"])
            .args(targets.iter().flat_map(|target| ["--target", target]))
            .args(packages.iter().flat_map(|package| ["--package", package]))
            .args(["--config", "profile.dev.package.'*'.opt-level=0"])
            .env("CARGO_TARGET_DIR", self.target_directory)
            .env("RUSTFLAGS", "--deny=warnings")
            .current_dir(self.workspace);
        if !cfg!(target_os = "macos") {
            for target in targets {
                cargo.arg("--config").arg(self.bindings_table(target)?);
                // Stands in for zstd's build script, which needs Apple's C compiler.
                cargo.arg(format!("--config=target.{target}.zstd.root=''"));
            }
        }
        run(&mut cargo).with_context(|| format!("the code does not pass for {targets:?}"))
    }

    /// Stands in for mlx-sys's build script, which needs Xcode.
    fn bindings_table(&self, target: &str) -> Result<OsString> {
        let directory = self.mlx_bindings;
        if !directory.join("bindings.rs").is_file() {
            bail!("MLX's bindings are missing: run `cargo xtask setup` first");
        }
        let mut table = OsString::from(format!("target.{target}.mlx.rustc-env.OUT_DIR='"));
        table.push(directory);
        table.push("'");
        Ok(table)
    }
}

/// Whether this machine's own compiler can check for a target.
fn has_standard_library(target: &str) -> bool {
    let arguments = ["--print", "target-libdir", "--target", target];
    run_quietly(Command::new("rustc").args(arguments))
        .is_ok_and(|directory| Path::new(directory.trim()).is_dir())
}

/// Where Cargo keeps downloaded crates.
fn cargo_home() -> Result<PathBuf> {
    if let Some(directory) = std::env::var_os("CARGO_HOME") {
        return Ok(directory.into());
    }
    let home = std::env::home_dir().context("this user has no home directory")?;
    Ok(home.join(".cargo"))
}
