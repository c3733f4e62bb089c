//! Runs the fuzz targets of the gate for a while each, from the hostile files of `tests/corpus`.
//!
//! They are cargo-fuzz's targets, built without it: it would build every dependency again with
//! counters and a nightly compiler, and here only this workspace's crates have counters.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use anyhow::{Context, Result, bail};

use crate::apple_check::Outcome;
use crate::process::{announce, run, run_quietly};
use crate::workspace::Workspace;

/// A fuzz target, and the files whose change calls for it.
struct Target {
    name: &'static str,
    rooms: &'static [&'static str],
}

const TARGETS: &[Target] = &[
    Target {
        name: "safetensors_header",
        rooms: &["rust/formats"],
    },
    Target {
        name: "shard_index",
        rooms: &["rust/formats"],
    },
    Target {
        name: "config",
        rooms: &["rust/formats", "rust/models"],
    },
    Target {
        name: "tokenizer",
        rooms: &["rust/formats", "Cargo.lock"],
    },
    Target {
        name: "chat_template",
        rooms: &["rust/engine/src/chat_template", "Cargo.lock"],
    },
];
/// What calls for every target.
const OWN_FILES: &[&str] = &["fuzz", "tests/corpus"];
/// Targets that run at once.
const AT_ONCE: usize = 2;
/// Most memory of one target, in MiB; seeds that hold 60 MiB are left to the tests.
const MEMORY_LIMIT_MIB: u32 = 512;
/// Longest input.
const INPUT_LIMIT_BYTES: u32 = 1 << 16;
/// When one input counts as a hang, on a machine that may be busy.
const HANG_SECONDS: u32 = 20;
/// Lines of a failed target's log that are shown.
const LOG_LINES: usize = 60;

/// What to run.
pub(crate) struct Fuzz<'a> {
    /// For how long, each.
    pub(crate) seconds: u32,
    /// Only what has changed since this revision; everything when `None`.
    pub(crate) since: Option<&'a str>,
    /// Where the dice begin; anywhere when `None`.
    pub(crate) seed: Option<u32>,
}

impl Fuzz<'_> {
    /// Builds and runs the targets, two at a time.
    pub(crate) fn run(&self, workspace: &Workspace) -> Result<Outcome> {
        if !cfg!(target_os = "linux") {
            return Ok(Outcome::Skipped("the fuzz targets run on Linux".to_owned()));
        }
        let targets = self.targets(workspace)?;
        if targets.is_empty() {
            return Ok(Outcome::Skipped(
                "nothing that is fuzzed has changed".to_owned(),
            ));
        }
        build(workspace, &targets)?;
        write_seeds(workspace)?;
        for pair in targets.chunks(AT_ONCE) {
            self.run_together(workspace, pair)?;
        }
        Ok(Outcome::Passed)
    }

    fn targets(&self, workspace: &Workspace) -> Result<Vec<&'static Target>> {
        let Some(revision) = self.since else {
            return Ok(TARGETS.iter().collect());
        };
        let mut chosen = Vec::new();
        for target in TARGETS {
            let mut diff = Command::new("git");
            diff.args(["diff", "--name-only", revision, "--"]);
            diff.args(OWN_FILES).args(target.rooms);
            let changed = run_quietly(diff.current_dir(workspace.root()))?;
            if !changed.is_empty() {
                chosen.push(target);
            }
        }
        Ok(chosen)
    }

    fn run_together(&self, workspace: &Workspace, targets: &[&Target]) -> Result<()> {
        let mut running = Vec::new();
        for target in targets {
            announce(&format!("Fuzzing {} for {} s", target.name, self.seconds));
            running.push((target, self.start(workspace, target)?));
        }
        let mut failed = Vec::new();
        for (target, mut child) in running {
            if !child.wait()?.success() {
                print_end(&log_of(workspace, target));
                failed.push(target.name);
            }
        }
        if !failed.is_empty() {
            bail!(
                "fuzzing found an input that {} cannot bear; it is kept under {}",
                failed.join(" and "),
                directory(workspace).display()
            );
        }
        Ok(())
    }

    fn start(&self, workspace: &Workspace, target: &Target) -> Result<Child> {
        let own = directory(workspace);
        let (found, seeds) = (
            own.join("corpus").join(target.name),
            seeds_of(workspace, target),
        );
        for directory in [&found, &seeds] {
            fs::create_dir_all(directory)?;
        }
        let log = File::create(log_of(workspace, target))?;
        let prefix = own.join(format!("{}-", target.name));
        Command::new(workspace.target().join("release").join(target.name))
            .arg(format!("-max_total_time={}", self.seconds))
            // To libFuzzer, 0 is any.
            .arg(format!("-seed={}", self.seed.unwrap_or(0)))
            .arg(format!("-rss_limit_mb={MEMORY_LIMIT_MIB}"))
            .arg(format!("-max_len={INPUT_LIMIT_BYTES}"))
            .arg(format!("-timeout={HANG_SECONDS}"))
            .arg(format!("-artifact_prefix={}", prefix.display()))
            .arg("-print_final_stats=1")
            .args([found, seeds])
            .env("LD_LIBRARY_PATH", workspace.mlx().join("wheel/mlx/lib"))
            .env("TMPDIR", scratch())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("the fuzz target {} could not be started", target.name))
    }
}

/// All crates of the workspace are named, so that the features of their dependencies, and so the
/// dependencies themselves, are those of the tests.
fn build(workspace: &Workspace, targets: &[&Target]) -> Result<()> {
    announce("Building the fuzz targets");
    let bins = targets.iter().flat_map(|target| ["--bin", target.name]);
    run(Command::new("cargo")
        .args(["build", "--release", "--locked", "--workspace"])
        .args(bins)
        .env(
            "RUSTC_WORKSPACE_WRAPPER",
            workspace.root().join("fuzz/instrumented-rustc"),
        )
        .current_dir(workspace.root()))
}

/// The hostile files as seeds, written by the test that knows them.
fn write_seeds(workspace: &Workspace) -> Result<()> {
    let writer = "seeds_for_fuzzing_are_written";
    run_quietly(
        Command::new("cargo")
            .args([
                "test",
                "--release",
                "--locked",
                "--package",
                "headroom-engine",
            ])
            .args(["--test", "corpus", "--", "--ignored", "--exact", writer])
            .env("HEADROOM_SEEDS", directory(workspace).join("seeds"))
            .current_dir(workspace.root()),
    )?;
    Ok(())
}

fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target().join("fuzz")
}

fn seeds_of(workspace: &Workspace, target: &Target) -> PathBuf {
    directory(workspace).join("seeds").join(target.name)
}

fn log_of(workspace: &Workspace, target: &Target) -> PathBuf {
    directory(workspace).join(format!("{}.log", target.name))
}

fn print_end(log: &Path) {
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    for line in &lines[lines.len().saturating_sub(LOG_LINES)..] {
        println!("{line}");
    }
}

/// Where targets write the files that they open: in memory, where the system offers that.
fn scratch() -> PathBuf {
    let in_memory = Path::new("/dev/shm");
    match in_memory.is_dir() {
        true => in_memory.to_owned(),
        false => std::env::temp_dir(),
    }
}
