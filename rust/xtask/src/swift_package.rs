//! The Swift package: the glue that swift-bridge generates, and the tests, on Linux inside a Debian 13
//! root, on a Mac with Xcode's Swift.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::apple_check::Outcome;
use crate::debian_root::{Availability, DebianRoot, SWIFT};
use crate::process::{announce, run, write_if_changed};
use crate::workspace::Workspace;

/// A generated file and where it belongs.
struct GlueFile {
    generated: &'static str,
    committed: &'static str,
}

const GLUE: &[GlueFile] = &[
    GlueFile {
        generated: "SwiftBridgeCore.swift",
        committed: "swift/Sources/HeadroomBridge/SwiftBridgeCore.swift",
    },
    GlueFile {
        generated: "HeadroomBridge/HeadroomBridge.swift",
        committed: "swift/Sources/HeadroomBridge/HeadroomBridge.swift",
    },
    GlueFile {
        generated: "SwiftBridgeCore.h",
        committed: "swift/Sources/CHeadroomBridge/include/SwiftBridgeCore.h",
    },
    GlueFile {
        generated: "HeadroomBridge/HeadroomBridge.h",
        committed: "swift/Sources/CHeadroomBridge/include/HeadroomBridge.h",
    },
];

/// Writes the glue into the checkout.
pub(crate) fn generate_glue(workspace: &Workspace) -> Result<()> {
    for (file, text) in GLUE.iter().zip(glue(workspace)?) {
        write_if_changed(&workspace.root().join(file.committed), &text)?;
    }
    Ok(())
}

/// Fails when the committed glue is not what the bridge's declarations generate.
pub(crate) fn check_glue(workspace: &Workspace) -> Result<()> {
    for (file, text) in GLUE.iter().zip(glue(workspace)?) {
        let committed =
            std::fs::read_to_string(workspace.root().join(file.committed)).unwrap_or_default();
        if committed != text {
            bail!(
                "{} does not match bindings/src/swift/bridge.rs; run `make swift-glue` and commit it",
                file.committed
            );
        }
    }
    Ok(())
}

fn glue(workspace: &Workspace) -> Result<Vec<String>> {
    let scratch = workspace.target().join("swift-glue");
    std::fs::create_dir_all(&scratch)?;
    let bridge = workspace.root().join("bindings/src/swift/bridge.rs");
    swift_bridge_build::parse_bridges([bridge]).write_all_concatenated(&scratch, "HeadroomBridge");
    GLUE.iter()
        .map(|file| {
            let path = scratch.join(file.generated);
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("{} was not generated", path.display()))?;
            Ok(if file.generated.ends_with(".swift") {
                as_module(&text)
            } else {
                trimmed(&text)
            })
        })
        .collect()
}

/// swift-bridge writes for a single module; here the C declarations are a module of their own, and
/// Swift 6 wants conformances of another module's types marked.
fn as_module(text: &str) -> String {
    let text = format!("import CHeadroomBridge\n{text}");
    let text = ["Identifiable", "Equatable"]
        .iter()
        .fold(text, |text, protocol| {
            text.replace(
                &format!("extension RustStr: {protocol} {{"),
                &format!("extension RustStr: @retroactive {protocol} {{"),
            )
        });
    trimmed(&text)
}

fn trimmed(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    format!("{}\n", lines.join("\n").trim_end())
}

/// Builds the static library and runs the package's tests.
pub(crate) fn test(workspace: &Workspace) -> Result<Outcome> {
    build_library(workspace)?;
    remove_linked_tests(workspace)?;
    let root = match swift_root(workspace)? {
        Ok(root) => root,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let swift = || match &root {
        Some(root) => root.command(workspace.root(), "swift"),
        None => Command::new("swift"),
    };
    announce("Building the Swift package");
    build_tests(|| in_checkout(swift(), workspace, &["build", "--build-tests"]))?;
    announce("Testing the Swift package");
    // All tests are XCTest's; the other library would report that it ran none.
    let test = ["test", "--skip-build", "--disable-swift-testing"];
    run(&mut in_checkout(swift(), workspace, &test))?;
    Ok(Outcome::Passed)
}

/// Where Swift runs: the machine itself on a Mac, else a Debian 13 root, or the reason for neither.
fn swift_root(workspace: &Workspace) -> Result<Result<Option<DebianRoot>, String>> {
    if cfg!(target_os = "macos") {
        return Ok(Ok(None));
    }
    let mut root = match DebianRoot::ensure(&workspace.debian_root(), SWIFT)? {
        Availability::Ready(root) => root,
        Availability::Unavailable(reason) => return Ok(Err(reason)),
    };
    root.share(workspace.root())?;
    root.share(&workspace.target())?;
    Ok(Ok(Some(root)))
}

/// SwiftPM 6.0.3 for Debian sometimes crashes while it plans a build (seen once in some forty runs); that
/// says nothing about the package, so a crash, and nothing else, is tried again.
fn build_tests(build: impl Fn() -> Command) -> Result<()> {
    for _ in 0..2 {
        let status = build().status().context("Swift could not be started")?;
        match (status.success(), status.signal()) {
            (true, _) => return Ok(()),
            (false, Some(_)) => announce("SwiftPM crashed; trying again"),
            (false, None) => bail!("the Swift package does not build"),
        }
    }
    run(&mut build())
}

/// SwiftPM does not link again when only the static library has changed.
fn remove_linked_tests(workspace: &Workspace) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(workspace.target().join("swift/debug")) else {
        return Ok(());
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path
            .extension()
            .is_some_and(|extension| extension == "xctest")
            && path.is_file()
        {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn build_library(workspace: &Workspace) -> Result<()> {
    announce("Building the static library");
    let mut cargo = Command::new("cargo");
    cargo.args([
        "build",
        "--quiet",
        "--release",
        "--locked",
        "--package",
        "headroom-bindings",
    ]);
    run(cargo.current_dir(workspace.root()))
}

fn in_checkout(mut swift: Command, workspace: &Workspace, arguments: &[&str]) -> Command {
    swift
        .args(arguments)
        .arg("--scratch-path")
        .arg(workspace.target().join("swift"))
        .env("HEADROOM_LIB_DIR", workspace.target().join("release"))
        .env(
            "HEADROOM_MLX_LIB_DIR",
            workspace.mlx().join("wheel/mlx/lib"),
        )
        .current_dir(workspace.root());
    swift
}
