//! A Debian 13 of our own in a directory: it has Swift and a Rust that can check Apple code, which
//! Debian 12 lacks, and it leaves the machine's own packages alone.
//!
//! Every command inside runs in a mount namespace of its own. `/proc`, `/dev` and the checkout are
//! mounted there and nowhere else, so the kernel takes the mounts away with the last process, however
//! that ends, and deleting the directory can never reach through one of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{announce, exists, run_quietly};
use crate::system_packages::is_root;

/// What `swift build` and `swift test` need, and the BLAS that MLX's float32 products want there too.
pub(crate) const SWIFT: &[&str] = &[
    "swiftlang",
    "g++",
    "libc6-dev",
    "libstdc++-14-dev",
    "libopenblas0-pthread",
    "git",
];

/// A Rust with the sources of its standard library, and a linker for build scripts.
pub(crate) const RUST_WITH_SOURCES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "gcc"];

const SUITE: &str = "trixie";

/// Written last, so that a root without it is known to be half made. Lists what is installed.
const STAMP: &str = "headroom-packages";

/// Mounts what a command needs, then runs it inside.
const ENTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/debian_root/enter.sh");

/// Whether this machine can have such a root.
pub(crate) enum Availability {
    /// It is made, with all the packages asked for.
    Ready(DebianRoot),
    /// It cannot be made here: one sentence that says why and what would help.
    Unavailable(String),
}

/// A finished root.
pub(crate) struct DebianRoot {
    path: PathBuf,
    shared: Vec<PathBuf>,
}

impl DebianRoot {
    /// Makes the root at `path` if it is not there, and installs those of `packages` that it lacks.
    /// A root whose making was interrupted is removed and made again.
    pub(crate) fn ensure(path: &Path, packages: &[&str]) -> Result<Availability> {
        if let Some(reason) = why_unavailable() {
            return Ok(Availability::Unavailable(reason));
        }
        let path = std::path::absolute(path)?;
        let root = Self {
            shared: existing(&[PathBuf::from("/etc/ssl/certs")]),
            path,
        };
        if !root.stamp().is_file() {
            root.make()?;
        }
        root.install(packages)?;
        Ok(Availability::Ready(root))
    }

    /// Makes a directory of this machine visible inside, at the same absolute path.
    pub(crate) fn share(&mut self, directory: &Path) -> Result<()> {
        let directory = directory
            .canonicalize()
            .with_context(|| format!("cannot share {} with Debian 13", directory.display()))?;
        self.shared.push(directory);
        Ok(())
    }

    /// A command that runs `program` inside, in `directory` (which must be shared). Arguments and
    /// environment variables can be added as to any other command; this process's own environment
    /// goes in too, so that proxies and certificates hold, but nothing of the outer Rust or Python.
    pub(crate) fn command(&self, directory: &Path, program: &str) -> Command {
        let mut command = own_mounts();
        command
            .args(["sh", "-eu", ENTER])
            .arg(&self.path)
            .arg(directory)
            .args(&self.shared)
            .args(["--", program])
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LC_ALL", "C.UTF-8");
        for name in foreign_variables() {
            command.env_remove(name);
        }
        command
    }

    fn make(&self) -> Result<()> {
        self.remove()?;
        install_debootstrap()?;
        announce(&format!(
            "Making a Debian 13 root in {}",
            self.path.display()
        ));
        fs::create_dir_all(&self.path)?;
        let mut debootstrap = own_mounts();
        debootstrap
            .args(["debootstrap", "--variant=minbase", SUITE])
            .arg(&self.path)
            .args(mirror());
        run_quietly(&mut debootstrap)?;
        let settings = self.path.join("etc/apt/apt.conf.d/90outside");
        fs::write(settings, network_settings()?)?;
        self.write_stamp(&BTreeSet::new())
    }

    /// The stamp is away while packages are being installed: an interrupted installation counts as
    /// a half-made root.
    fn install(&self, packages: &[&str]) -> Result<()> {
        let installed = fs::read_to_string(self.stamp())?;
        let mut installed: BTreeSet<_> = installed.lines().map(str::to_owned).collect();
        let missing: Vec<_> = packages
            .iter()
            .copied()
            .filter(|package| !installed.contains(*package))
            .collect();
        if missing.is_empty() {
            announce("Debian 13 root: all there");
            return Ok(());
        }
        announce(&format!("Installing in Debian 13: {}", missing.join(" ")));
        fs::remove_file(self.stamp())?;
        run_quietly(self.apt().arg("update"))?;
        let install = ["install", "--yes", "--no-install-recommends"];
        run_quietly(self.apt().args(install).args(&missing))?;
        run_quietly(self.apt().arg("clean"))?;
        installed.extend(missing.into_iter().map(str::to_owned));
        self.write_stamp(&installed)
    }

    fn apt(&self) -> Command {
        let mut command = self.command(Path::new("/"), "apt-get");
        command.arg("-qq").env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    /// Deletes what an interrupted run left. Our own mounts are gone by then; anything that somebody
    /// mounted by hand is taken off first, and if that fails nothing is deleted.
    fn remove(&self) -> Result<()> {
        if !self.path.exists() {
            return Ok(());
        }
        announce(&format!("Removing the half-made {}", self.path.display()));
        for mount in mounts_below(&self.path)?.iter().rev() {
            run_quietly(Command::new("umount").arg(mount))?;
        }
        if let Some(mount) = mounts_below(&self.path)?.first() {
            bail!(
                "{} is still mounted: unmount it, then delete {}",
                mount.display(),
                self.path.display()
            );
        }
        fs::remove_dir_all(&self.path)
            .with_context(|| format!("cannot remove {}", self.path.display()))
    }

    fn stamp(&self) -> PathBuf {
        self.path.join(STAMP)
    }

    fn write_stamp(&self, packages: &BTreeSet<String>) -> Result<()> {
        let lines: String = packages.iter().map(|name| format!("{name}\n")).collect();
        fs::write(self.stamp(), lines).context("cannot mark the Debian 13 root as made")
    }
}

fn why_unavailable() -> Option<String> {
    let reason = if !is_debian() {
        "a Debian 13 root can only be made on Debian"
    } else if !is_root() {
        "making a Debian 13 root needs root: run this as root"
    } else if !exists("unshare") || run_quietly(own_mounts().arg("true")).is_err() {
        "making a Debian 13 root needs mounts, which this container forbids: run it with CAP_SYS_ADMIN"
    } else {
        return None;
    };
    Some(reason.to_owned())
}

fn is_debian() -> bool {
    operating_system("ID").is_some_and(|id| id == "debian")
}

/// A value of `/etc/os-release`.
fn operating_system(key: &str) -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
    Some(value.trim_matches('"').to_owned())
}

/// A command whose mounts nobody else sees.
fn own_mounts() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "--"]);
    command
}

fn install_debootstrap() -> Result<()> {
    if exists("debootstrap") {
        return Ok(());
    }
    announce("Installing debootstrap");
    for arguments in [&["update"][..], &["install", "--yes", "debootstrap"]] {
        let mut apt = Command::new("apt-get");
        apt.arg("-qq").env("DEBIAN_FRONTEND", "noninteractive");
        run_quietly(apt.args(arguments))?;
    }
    Ok(())
}

/// The mirror that this machine itself installs Debian from; without one debootstrap has its own.
fn mirror() -> Option<String> {
    let release = operating_system("VERSION_CODENAME")?;
    let format = "$(RELEASE) $(COMPONENT) $(REPO_URI)";
    let arguments = ["indextargets", "--format", format, "Created-By: Packages"];
    let rows = run_quietly(Command::new("apt-get").args(arguments)).ok()?;
    let ours = format!("{release} main ");
    rows.lines()
        .find_map(|row| row.strip_prefix(&ours))
        .map(str::to_owned)
}

/// How this machine's apt reaches the network (proxies, clock checks), as settings for the inner apt.
fn network_settings() -> Result<String> {
    const KINDS: [&str; 5] = ["http", "https", "Check-", "Retries", "ForceIP"];
    let all = run_quietly(Command::new("apt-config").args(["dump", "Acquire"]))?;
    let settings = all.lines().filter(|line| {
        let name = line.strip_prefix("Acquire::");
        name.is_some_and(|name| KINDS.iter().any(|kind| name.starts_with(kind)))
    });
    Ok(settings.map(|line| format!("{line}\n")).collect())
}

/// Variables that tell a program where the outer toolchains lie.
fn foreign_variables() -> impl Iterator<Item = String> {
    const PREFIXES: [&str; 5] = ["RUST", "CARGO_", "LD_", "PYTHON", "VIRTUAL_ENV"];
    const KEPT: [&str; 3] = ["CARGO_HOME", "CARGO_HTTP_", "CARGO_NET_"];
    std::env::vars().map(|(name, _)| name).filter(|name| {
        let starts = |prefix: &&str| name.starts_with(*prefix);
        name == "CARGO" || PREFIXES.iter().any(starts) && !KEPT.iter().any(starts)
    })
}

fn existing(paths: &[PathBuf]) -> Vec<PathBuf> {
    paths.iter().filter(|path| path.exists()).cloned().collect()
}

/// Mount points below a directory, in the order in which they were mounted.
fn mounts_below(directory: &Path) -> Result<Vec<PathBuf>> {
    let table = fs::read_to_string("/proc/self/mountinfo")?;
    Ok(table
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(|point| PathBuf::from(point.replace("\\040", " ")))
        .filter(|point| point.starts_with(directory))
        .collect())
}
