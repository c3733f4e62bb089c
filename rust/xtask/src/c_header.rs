//! The C header, generated from the Rust files that define the C boundary.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::process::write_if_changed;
use crate::workspace::Workspace;

/// Writes `include/headroom.h`.
pub(crate) fn generate(workspace: &Workspace) -> Result<()> {
    write_if_changed(&path(workspace), &text(workspace)?)
}

/// Compares `include/headroom.h` with what the Rust files say now.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let path = path(workspace);
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    if written != text(workspace)? {
        bail!(
            "{} is not what bindings/src/c says; run `cargo xtask header` and commit the result",
            path.display()
        );
    }
    Ok(())
}

fn path(workspace: &Workspace) -> PathBuf {
    workspace.root().join("include/headroom.h")
}

fn text(workspace: &Workspace) -> Result<String> {
    let bindings = workspace.root().join("bindings");
    let config = cbindgen::Config::from_file(bindings.join("cbindgen.toml"))
        .map_err(anyhow::Error::msg)
        .context("bindings/cbindgen.toml cannot be read")?;
    let mut header = Vec::new();
    cbindgen::Builder::new()
        .with_crate(&bindings)
        .with_config(config)
        .generate()
        .context("cbindgen cannot read bindings/src")?
        .write(&mut header);
    String::from_utf8(header).context("cbindgen wrote a header that is not UTF-8")
}
