//! The system packages a Debian machine needs, installed without a question when we are root.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{announce, exists, run_quietly};

/// A Debian package and a file that tells that it (or its equal from elsewhere) is there.
pub(crate) struct Package {
    name: &'static str,
    /// Any of these, as file name patterns over the usual places, means installed.
    evidence: Evidence,
}

enum Evidence {
    Program(&'static str),
    Header(&'static str),
    Library(&'static str),
    PythonModule(&'static str),
}

/// What building needs: CMake for MLX's C layer, libclang for its bindings, {fmt} where the C++
/// library has no `std::format` yet, OpenBLAS for float32 products, Python for the wheel.
pub(crate) const BUILD: &[Package] = &[
    Package {
        name: "g++",
        evidence: Evidence::Program("g++"),
    },
    Package {
        name: "make",
        evidence: Evidence::Program("make"),
    },
    Package {
        name: "cmake",
        evidence: Evidence::Program("cmake"),
    },
    Package {
        name: "python3",
        evidence: Evidence::Program("python3"),
    },
    Package {
        name: "python3-pip",
        evidence: Evidence::PythonModule("pip"),
    },
    Package {
        name: "libclang-dev",
        evidence: Evidence::Library("libclang"),
    },
    Package {
        name: "libfmt-dev",
        evidence: Evidence::Header("fmt/format.h"),
    },
    Package {
        name: "libopenblas0-pthread",
        evidence: Evidence::Library("libopenblas"),
    },
];

/// Installs what is missing, or says in one sentence what to install.
pub(crate) fn ensure(packages: &[Package]) -> Result<()> {
    let missing: Vec<_> = packages
        .iter()
        .filter(|package| !package.evidence.is_there())
        .map(|package| package.name)
        .collect();
    if missing.is_empty() {
        announce("System packages: all there");
        return Ok(());
    }
    let names = missing.join(" ");
    if !exists("apt-get") {
        bail!("this machine lacks {names}; install them with its package manager");
    }
    if !is_root() {
        bail!("this machine lacks packages; install them with `apt-get install {names}` as root");
    }
    announce(&format!("Installing system packages: {names}"));
    run_quietly(apt().arg("update"))?;
    run_quietly(
        apt()
            .args(["install", "--yes", "--no-install-recommends"])
            .args(&missing),
    )?;
    Ok(())
}

/// Whether this process may install packages and make a root of its own.
pub(crate) fn is_root() -> bool {
    run_quietly(Command::new("id").arg("-u")).is_ok_and(|user| user.trim() == "0")
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.arg("-qq").env("DEBIAN_FRONTEND", "noninteractive");
    command
}

impl Evidence {
    fn is_there(&self) -> bool {
        match self {
            Self::Program(name) => exists(name),
            Self::Header(name) => ["/usr/include", "/usr/local/include"]
                .iter()
                .any(|directory| std::path::Path::new(directory).join(name).is_file()),
            Self::Library(prefix) => library_is_there(prefix),
            Self::PythonModule(name) => {
                run_quietly(Command::new("python3").args(["-m", name, "--help"])).is_ok()
            }
        }
    }
}

/// Looks where Debian keeps libraries, LLVM's own folders included.
fn library_is_there(library: &str) -> bool {
    library_directories().iter().any(|directory| {
        let Ok(entries) = std::fs::read_dir(directory) else {
            return false;
        };
        entries
            .flatten()
            .any(|entry| is_library(&entry.file_name().to_string_lossy(), library))
    })
}

/// Whether a file is this library in any version: `libclang.so`, `libclang-14.so.1`, but not
/// `libclang-cpp.so.14`.
fn is_library(file: &str, library: &str) -> bool {
    file.strip_prefix(library).is_some_and(|rest| {
        let rest = rest.trim_start_matches(|character: char| {
            "-.".contains(character) || character.is_ascii_digit()
        });
        rest.starts_with("so") && file.contains(".so")
    })
}

fn library_directories() -> Vec<std::path::PathBuf> {
    let multiarch = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    let mut directories = vec!["/usr/lib".into(), "/usr/local/lib".into(), multiarch.into()];
    if let Ok(entries) = std::fs::read_dir("/usr/lib") {
        let llvm = entries
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("llvm-"));
        directories.extend(llvm.map(|entry| entry.path().join("lib")));
    }
    directories
}

#[cfg(test)]
mod tests {
    use super::is_library;

    #[test]
    fn a_library_is_known_in_any_version_and_not_mistaken_for_another() {
        for file in [
            "libclang.so",
            "libclang.so.1",
            "libclang-14.so.14.0.6",
            "libclang-14.so",
        ] {
            assert!(is_library(file, "libclang"), "{file}");
        }
        for file in ["libclang-cpp.so.14", "libclang.a", "libclangd.so"] {
            assert!(!is_library(file, "libclang"), "{file}");
        }
        assert!(is_library("libopenblas.so.0", "libopenblas"));
        assert!(!is_library("libopenblas64.so.0", "libopenblas_"));
    }
}
