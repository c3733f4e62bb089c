//! Hosts in C and C++ over the static library, as users would build them: once plain, once under
//! the address and undefined-behaviour sanitizers, with leaks as failures where the system's
//! sanitizer can find them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{announce, run_quietly};
use crate::workspace::Workspace;

/// A program over the header, in `tests/abi`.
struct Host {
    source: &'static str,
    language: Language,
    /// Whether it is given the shipped model's directory.
    takes_model: bool,
}

#[derive(Clone, Copy)]
enum Language {
    C,
    Cpp,
}

const HOSTS: &[Host] = &[
    Host {
        source: "header.cpp",
        language: Language::Cpp,
        takes_model: false,
    },
    Host {
        source: "stream.c",
        language: Language::C,
        takes_model: true,
    },
    Host {
        source: "sampling.c",
        language: Language::C,
        takes_model: true,
    },
    Host {
        source: "misuse.c",
        language: Language::C,
        takes_model: true,
    },
    Host {
        source: "memory.c",
        language: Language::C,
        takes_model: true,
    },
    Host {
        source: "pause.c",
        language: Language::C,
        takes_model: true,
    },
    Host {
        source: "caches.c",
        language: Language::C,
        takes_model: true,
    },
    Host {
        source: "models.c",
        language: Language::C,
        takes_model: true,
    },
    Host {
        source: "leave.c",
        language: Language::C,
        takes_model: true,
    },
];

/// How a host is built.
#[derive(Clone, Copy)]
enum Build {
    Plain,
    Sanitized,
}

/// Builds the library and every host, runs them, and prints how many tests passed and failed.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    announce("Building libheadroom.a");
    let bench = Bench {
        workspace,
        library: build_library(workspace)?,
        directory: workspace.target().join("abi"),
    };
    std::fs::create_dir_all(&bench.directory)?;
    let mut tally = Tally::default();
    for build in [Build::Plain, Build::Sanitized] {
        for host in HOSTS {
            announce(&format!("{} ({})", host.source, build.name()));
            tally.count(&bench.try_out(host, build)?);
        }
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    match tally.failed {
        0 => Ok(()),
        failed => bail!("{failed} tests of the C boundary failed"),
    }
}

fn build_library(workspace: &Workspace) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--release", "--package", "headroom-bindings"])
        .current_dir(workspace.root());
    run_quietly(&mut command)?;
    Ok(workspace.target().join("release/libheadroom.a"))
}

/// What all hosts share.
struct Bench<'a> {
    workspace: &'a Workspace,
    library: PathBuf,
    directory: PathBuf,
}

/// What a host printed, and how it ended badly if it did.
struct Outcome {
    printed: String,
    death: Option<String>,
}

impl Bench<'_> {
    fn try_out(&self, host: &Host, build: Build) -> Result<Outcome> {
        let program = self.compile(host, build)?;
        let mut command = Command::new(&program);
        if host.takes_model {
            command.arg(self.workspace.root().join("assets/storyteller"));
        }
        if let Build::Sanitized = build {
            // Apple's sanitizer cannot look for leaks.
            let leaks = u8::from(cfg!(target_os = "linux"));
            command.env("ASAN_OPTIONS", format!("detect_leaks={leaks}"));
        }
        let output = command
            .output()
            .with_context(|| format!("{} could not be started", program.display()))?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        print!("{printed}");
        let told = printed.lines().any(|line| line.starts_with("failed: "));
        let death = (!output.status.success() && !told).then(|| {
            let errors = String::from_utf8_lossy(&output.stderr);
            format!("{} ended with {}:\n{errors}", host.source, output.status)
        });
        Ok(Outcome { printed, death })
    }

    fn compile(&self, host: &Host, build: Build) -> Result<PathBuf> {
        let stem = host.source.replace('.', "-");
        let program = self.directory.join(format!("{stem}-{}", build.name()));
        let mut command = Command::new(host.language.compiler());
        command
            .args([
                host.language.standard(),
                "-Wall",
                "-Wextra",
                "-Wpedantic",
                "-Werror",
            ])
            .args(build.flags())
            .arg("-I")
            .arg(self.workspace.root().join("include"))
            .arg(self.workspace.root().join("tests/abi").join(host.source))
            .arg("-o")
            .arg(&program);
        if cfg!(target_os = "macos") {
            link_on_a_mac(&mut command, &self.library);
        } else {
            link_on_linux(&mut command, &self.library, &self.workspace.mlx());
        }
        run_quietly(&mut command)?;
        Ok(program)
    }
}

impl Build {
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Sanitized => "sanitized",
        }
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &["-O2"],
            Self::Sanitized => &[
                "-O1",
                "-g",
                "-fno-omit-frame-pointer",
                "-fsanitize=address,undefined",
                "-fno-sanitize-recover=undefined",
            ],
        }
    }
}

impl Language {
    fn compiler(self) -> &'static str {
        match (self, cfg!(target_os = "macos")) {
            (Self::C, false) => "gcc",
            (Self::Cpp, false) => "g++",
            (Self::C, true) => "clang",
            (Self::Cpp, true) => "clang++",
        }
    }

    fn standard(self) -> &'static str {
        match self {
            Self::C => "-std=c11",
            Self::Cpp => "-std=c++11",
        }
    }
}

/// OpenBLAS comes first, so that MLX's products find it before the slow BLAS of the wheel.
fn link_on_linux(command: &mut Command, library: &Path, mlx: &Path) {
    let wheel = mlx.join("wheel/mlx/lib");
    command
        .args(["-Wl,--no-as-needed", "-l:libopenblas.so.0"])
        .arg(library)
        .arg(format!("-L{}", wheel.display()))
        .arg(format!("-Wl,-rpath,{}", wheel.display()))
        .args(["-lmlx", "-lstdc++", "-lm", "-lpthread", "-ldl"]);
}

/// The library holds MLX itself there. Written from mlx-sys's build script; not yet run on a Mac.
fn link_on_a_mac(command: &mut Command, library: &Path) {
    command.arg(library).arg("-lc++");
    for framework in ["Foundation", "Metal", "QuartzCore", "Accelerate"] {
        command.args(["-framework", framework]);
    }
}

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    fn count(&mut self, outcome: &Outcome) {
        let lines = |start| {
            let all = outcome.printed.lines();
            all.filter(|line| line.starts_with(start)).count()
        };
        self.passed += lines("passed: ");
        self.failed += lines("failed: ");
        if let Some(death) = &outcome.death {
            println!("failed: {death}");
            self.failed += 1;
        }
    }
}
