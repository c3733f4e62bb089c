//! Where things lie in the checkout.

use std::path::{Path, PathBuf};

/// The checkout's root and the places that the verbs share.
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Finds the root from where this crate was compiled.
    pub(crate) fn locate() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root.canonicalize().unwrap_or(root);
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target directory; everything generated lies under it.
    pub(crate) fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(directory) => self.root.join(directory),
            None => self.root.join("target"),
        }
    }

    /// The Debian 13 root that has Swift and a Rust for Apple's targets.
    pub(crate) fn debian_root(&self) -> PathBuf {
        self.root.join("target/debian13")
    }

    /// Where MLX for Linux is kept: the wheel, MLX's C layer and the bindings.
    pub(crate) fn mlx(&self) -> PathBuf {
        self.root.join("target/mlx")
    }
}
