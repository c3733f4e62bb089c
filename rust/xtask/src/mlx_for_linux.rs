//! MLX on Linux, through mlx-rs exactly as published.
//!
//! mlx-sys's build script fetches MLX by git and links Apple frameworks, so on Linux it cannot run.
//! Cargo lets a table stand in for a build script (`[target.TRIPLE.LINKS]`); this verb makes what
//! the table points to: MLX from its own CPU wheel, MLX's C layer built from the sources inside the
//! mlx-sys crate, and the bindings that the build script would have generated. Everything lies
//! under `target/mlx`; nothing is patched, and a Mac never sees any of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{announce, run_quietly, write_if_changed};
use crate::workspace::Workspace;

mod bindings;
mod cargo_table;

/// The MLX release that mlx-sys pins; wheel and C layer must agree with it.
const MLX_VERSION: &str = "0.32.2";

/// Changes when what this verb makes changes, so that an older `target/mlx` is made anew.
const RECIPE: &str = "3";

/// Makes `target/mlx` unless it is already there for this very mlx-sys.
pub(crate) fn ensure(workspace: &Workspace) -> Result<()> {
    let mlx_sys = mlx_sys_source(workspace)?;
    let stamp = workspace.mlx().join("stamp");
    let wanted = format!("mlx {MLX_VERSION}, {}, recipe {RECIPE}", mlx_sys.display());
    if std::fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        announce("MLX for Linux: already built");
        return Ok(());
    }
    let layout = Layout {
        mlx: workspace.mlx(),
        mlx_c: mlx_sys.join("src/mlx-c"),
    };
    announce("Fetching MLX's CPU wheel");
    layout.fetch_wheel()?;
    announce("Building MLX's C layer (about half a minute)");
    layout.build_c_layer()?;
    layout.build_supplement()?;
    announce("Generating the Rust bindings of MLX's C layer");
    bindings::generate(&layout)?;
    cargo_table::write(&layout)?;
    write_if_changed(&stamp, &wanted)
}

/// Where the parts lie.
struct Layout {
    mlx: PathBuf,
    mlx_c: PathBuf,
}

impl Layout {
    fn wheel(&self) -> PathBuf {
        self.mlx.join("wheel")
    }

    fn c_layer(&self) -> PathBuf {
        self.mlx.join("mlxc")
    }

    fn supplement(&self) -> PathBuf {
        self.mlx.join("supplement")
    }

    fn bindings(&self) -> PathBuf {
        self.mlx.join("bindings")
    }

    /// The wheel holds `libmlx.so`, all C++ headers and a CMake package; its BLAS libraries must
    /// stay beside it. pip picks the wheel for this processor, x86-64 or aarch64.
    fn fetch_wheel(&self) -> Result<()> {
        let download = self.mlx.join("download");
        let requirement = format!("mlx-cpu=={MLX_VERSION}");
        let pip = [
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "--dest",
        ];
        run_quietly(Command::new("python3").args(pip).arg(&download).arg(requirement))
            .context("MLX's wheel could not be fetched; `python3 -m pip` must work (on Debian: `apt-get install python3-pip`)")?;
        let wheel = only_wheel_in(&download)?;
        run_quietly(
            Command::new("python3")
                .args(["-m", "zipfile", "-e"])
                .arg(wheel)
                .arg(self.wheel()),
        )?;
        Ok(())
    }

    fn build_c_layer(&self) -> Result<()> {
        let shim = self.supplement();
        write_if_changed(
            &shim.join("format_shim.h"),
            include_str!("mlx_for_linux/format_shim.h"),
        )?;
        let mut configure = Command::new("cmake");
        configure
            .arg("-S")
            .arg(&self.mlx_c)
            .arg("-B")
            .arg(self.c_layer())
            .args([
                "-DCMAKE_BUILD_TYPE=Release",
                "-DBUILD_SHARED_LIBS=OFF",
                "-DMLX_C_USE_SYSTEM_MLX=ON",
                "-DMLX_C_BUILD_EXAMPLES=OFF",
            ]);
        configure.arg(format!(
            "-DMLX_DIR={}",
            self.wheel().join("mlx/share/cmake/MLX").display()
        ));
        configure.arg(format!(
            "-DCMAKE_CXX_FLAGS=-include {}",
            shim.join("format_shim.h").display()
        ));
        run_quietly(&mut configure)?;
        run_quietly(
            Command::new("cmake")
                .arg("--build")
                .arg(self.c_layer())
                .args(["--target", "mlxc", "--parallel"]),
        )?;
        Ok(())
    }

    /// The few functions that mlx-rs calls and that MLX's C layer lacks on Linux.
    fn build_supplement(&self) -> Result<()> {
        let directory = self.supplement();
        let source = directory.join("supplement.cpp");
        let object = directory.join("supplement.o");
        write_if_changed(&source, include_str!("mlx_for_linux/supplement.cpp"))?;
        let mut compile = Command::new("g++");
        compile
            .args(["-std=c++20", "-O2", "-fPIC", "-c"])
            .arg(&source)
            .arg("-o")
            .arg(&object);
        compile
            .arg("-I")
            .arg(self.wheel().join("mlx/include"))
            .arg("-I")
            .arg(&self.mlx_c);
        run_quietly(&mut compile)?;
        let archive = directory.join("libmlxsupplement.a");
        run_quietly(Command::new("ar").arg("rcs").arg(archive).arg(object))?;
        Ok(())
    }
}

fn only_wheel_in(directory: &Path) -> Result<PathBuf> {
    let entries = std::fs::read_dir(directory)?
        .flatten()
        .map(|entry| entry.path());
    let mut wheels = entries.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&format!("mlx_cpu-{MLX_VERSION}-")) && name.ends_with(".whl")
    });
    wheels
        .next()
        .with_context(|| format!("no wheel of MLX {MLX_VERSION} in {}", directory.display()))
}

/// Asks Cargo where the pinned mlx-sys lies; fetches it when it is not there yet.
fn mlx_sys_source(workspace: &Workspace) -> Result<PathBuf> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(["metadata", "--format-version", "1"])
        .current_dir(workspace.root());
    let metadata: serde_json::Value = serde_json::from_str(&run_quietly(&mut command)?)?;
    let packages = metadata["packages"]
        .as_array()
        .context("`cargo metadata` lists no packages")?;
    let Some(package) = packages.iter().find(|package| package["name"] == "mlx-sys") else {
        bail!("the workspace does not depend on mlx-sys");
    };
    let manifest = package["manifest_path"]
        .as_str()
        .context("mlx-sys has no manifest path")?;
    let directory = Path::new(manifest)
        .parent()
        .context("mlx-sys's manifest has no directory")?;
    Ok(directory.to_owned())
}
