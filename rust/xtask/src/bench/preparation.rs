//! What must be there before anything is measured; a second run skips what is done.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::peers::{Programs, python};
use crate::process::{announce, run, run_quietly, write_if_changed};
use crate::workspace::Workspace;

/// Where everything of the benchmark lies.
pub(crate) fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target().join("bench")
}

/// Makes sure that it is there.
pub(crate) fn make_directory(workspace: &Workspace) -> Result<PathBuf> {
    let directory = directory(workspace);
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    Ok(directory)
}

/// The random checkpoints and their prompts.
pub(crate) fn models_directory(workspace: &Workspace) -> PathBuf {
    directory(workspace).join("models")
}

/// A random checkpoint of every family, and their prompt.
pub(crate) fn family_models_directory(workspace: &Workspace) -> PathBuf {
    directory(workspace).join("families")
}

/// The benchmark's own programs in Python.
pub(crate) fn scripts(workspace: &Workspace) -> PathBuf {
    workspace.root().join("tests/bench")
}

/// The Cargo that runs this program, in the checkout.
pub(crate) fn cargo(workspace: &Workspace) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(workspace.root());
    command
}

/// Builds the program and returns where it lies.
pub(crate) fn build_headroom(workspace: &Workspace) -> Result<PathBuf> {
    announce("Building headroom for release");
    run(cargo(workspace)
        .args(["build", "--quiet", "--release", "--locked"])
        .args(["--package", "headroom-cli"]))?;
    Ok(workspace.target().join("release/headroom"))
}

/// Installs mlx-lm, which is measured and writes the checkpoints, and makes these.
pub(crate) fn ensure_models(workspace: &Workspace) -> Result<PathBuf> {
    let python = install_mlx_lm(workspace)?;
    make_models(workspace, &python)?;
    Ok(python)
}

/// What mlx-lm needs beside headroom, with the checkpoints.
pub(crate) fn peers(workspace: &Workspace, headroom: &Path) -> Result<Programs> {
    programs(workspace, headroom, ensure_models(workspace)?)
}

/// The same, with a checkpoint of every family instead.
pub(crate) fn peers_and_families(workspace: &Workspace, headroom: &Path) -> Result<Programs> {
    let python = install_mlx_lm(workspace)?;
    make_family_models(workspace, &python)?;
    programs(workspace, headroom, python)
}

fn programs(workspace: &Workspace, headroom: &Path, python: PathBuf) -> Result<Programs> {
    Ok(Programs {
        headroom: headroom.to_owned(),
        python,
        peer: scripts(workspace).join("peer.py"),
        openblas: openblas()?,
    })
}

/// Returns the interpreter of a virtual environment that holds the pinned mlx-lm.
pub(crate) fn install_mlx_lm(workspace: &Workspace) -> Result<PathBuf> {
    let environment = directory(workspace).join("venv");
    let interpreter = environment.join("bin/python");
    let requirements = scripts(workspace).join("requirements.txt");
    let wanted = std::fs::read_to_string(&requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let stamp = environment.join("stamp");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        announce("mlx-lm: already installed");
        return Ok(interpreter);
    }
    announce("Installing mlx-lm under target/bench");
    // The machine's own pip serves the environment: Debian's Python cannot give it one.
    run_quietly(
        python(Path::new("python3"))
            .args(["-m", "venv", "--clear", "--without-pip"])
            .arg(&environment),
    )?;
    run_quietly(
        python(Path::new("python3"))
            .args(["-m", "pip", "--python"])
            .arg(&interpreter)
            .args(["install", "--quiet", "--requirement"])
            .arg(&requirements),
    )
    .context("mlx-lm could not be installed; `python3 -m pip` must work, in version 22.3 or newer (on Debian: `apt-get install python3-pip`)")?;
    write_if_changed(&stamp, &wanted)?;
    Ok(interpreter)
}

fn make_models(workspace: &Workspace, interpreter: &Path) -> Result<()> {
    announce("Making the random checkpoints, unless they are there");
    run_quietly(
        python(interpreter)
            .arg(scripts(workspace).join("make_models.py"))
            .arg(models_directory(workspace)),
    )?;
    Ok(())
}

fn make_family_models(workspace: &Workspace, interpreter: &Path) -> Result<()> {
    announce("Making a random checkpoint of every family, unless they are there");
    run_quietly(
        python(interpreter)
            .arg(scripts(workspace).join("make_family_models.py"))
            .arg(family_models_directory(workspace)),
    )?;
    Ok(())
}

/// The BLAS to load before the one that MLX's wheel brings; `None` on a Mac, where MLX uses Accelerate.
pub(crate) fn openblas() -> Result<Option<PathBuf>> {
    match cfg!(target_os = "linux") {
        true => find_openblas().map(Some),
        false => Ok(None),
    }
}

/// Asks the loader's cache, which knows every distribution's places.
fn find_openblas() -> Result<PathBuf> {
    const NAME: &str = "libopenblas.so.0";
    let ldconfig = ["/sbin/ldconfig", "/usr/sbin/ldconfig"]
        .into_iter()
        .find(|path| Path::new(path).is_file())
        .unwrap_or("ldconfig");
    let cache = run_quietly(Command::new(ldconfig).arg("-p"))?;
    cache
        .lines()
        .filter(|line| line.trim_start().starts_with(NAME))
        .find_map(|line| line.split_once("=> "))
        .map(|(_, path)| PathBuf::from(path))
        .with_context(|| format!("{NAME} is missing; run `cargo xtask setup`, which installs it"))
}
