//! `Headroom.xcframework` for Xcode: the static library for iPhone, simulator and Mac, with headers.
//!
//! Written for a Mac with Xcode; it cannot run on Linux, and no machine of this project's tests has
//! run it yet. What it relies on is named where it does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{announce, run, write_if_changed};
use crate::workspace::Workspace;

/// One slice of the framework.
struct Slice {
    target: &'static str,
    sdk: &'static str,
    /// MLX has no Metal in the simulator, so its slice carries no Metal library.
    has_metal: bool,
}

const SLICES: &[Slice] = &[
    Slice {
        target: "aarch64-apple-ios",
        sdk: "iphoneos",
        has_metal: true,
    },
    Slice {
        target: "aarch64-apple-ios-sim",
        sdk: "iphonesimulator",
        has_metal: false,
    },
    Slice {
        target: "aarch64-apple-darwin",
        sdk: "macosx",
        has_metal: true,
    },
];

/// MLX's CMake asks `xcrun -sdk macosx` for its Metal compiler whatever it builds for. This stands
/// before the real one on the path of a build and answers for the SDK that the slice needs.
const XCRUN: &str = r#"#!/bin/sh
for argument; do
  shift
  [ "$argument" = macosx ] && argument="$HEADROOM_SDK"
  set -- "$@" "$argument"
done
exec /usr/bin/xcrun "$@"
"#;

/// Builds `target/xcframework/Headroom.xcframework` and the Metal libraries beside it.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    if !cfg!(target_os = "macos") {
        bail!("an XCFramework needs Xcode; run this on a Mac");
    }
    let output = workspace.target().join("xcframework");
    let wrapper = write_xcrun(&output)?;
    let framework = output.join("Headroom.xcframework");
    let mut create = Command::new("xcodebuild");
    create.arg("-create-xcframework");
    for slice in SLICES {
        announce(&format!("Building {}", slice.target));
        let library = slice.build(workspace, &output, &wrapper)?;
        create
            .arg("-library")
            .arg(library)
            .arg("-headers")
            .arg(workspace.root().join("include"));
    }
    if framework.exists() {
        fs::remove_dir_all(&framework)?;
    }
    announce("Joining the slices");
    run(create.arg("-output").arg(&framework))?;
    println!("{}", framework.display());
    Ok(())
}

impl Slice {
    fn build(&self, workspace: &Workspace, output: &Path, wrapper: &Path) -> Result<PathBuf> {
        let metal = output.join("metal").join(self.sdk);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(
            [wrapper.to_owned()]
                .into_iter()
                .chain(std::env::split_paths(&path)),
        )?;
        let mut cargo = Command::new("cargo");
        cargo
            .args([
                "build",
                "--locked",
                "--profile",
                "distribution",
                "--package",
                "headroom-bindings",
            ])
            .args(["--target", self.target])
            .env("PATH", path)
            .env("HEADROOM_SDK", self.sdk)
            // mlx-sys puts `mlx.metallib` here.
            .env("MLX_RS_METAL_PATH", &metal)
            .current_dir(workspace.root());
        run(&mut cargo)?;
        if self.has_metal {
            self.ship_metal_library(workspace, &metal)?;
        }
        let library = workspace
            .target()
            .join(self.target)
            .join("distribution/libheadroom.a");
        library
            .is_file()
            .then_some(library)
            .with_context(|| format!("{} has no library", self.target))
    }
}

impl Slice {
    /// MLX's compiled kernels go into the Swift package as a resource; `ModelContainer` tells MLX
    /// where they are.
    fn ship_metal_library(&self, workspace: &Workspace, metal: &Path) -> Result<()> {
        let built = metal.join("mlx.metallib");
        if !built.is_file() {
            bail!(
                "{} is missing; install Xcode's Metal toolchain",
                built.display()
            );
        }
        let resources = workspace.root().join("swift/Sources/Headroom/Resources");
        fs::create_dir_all(&resources)?;
        fs::copy(built, resources.join(format!("mlx-{}.metallib", self.sdk)))?;
        Ok(())
    }
}

fn write_xcrun(output: &Path) -> Result<PathBuf> {
    let directory = output.join("bin");
    let script = directory.join("xcrun");
    write_if_changed(&script, XCRUN)?;
    make_executable(&script)?;
    Ok(directory)
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(
        path,
        fs::Permissions::from_mode(0o755),
    )?)
}
