//! Builds safetensors files for the tests of this crate, honest ones and others.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A directory of files that is removed when the test ends.
pub(crate) struct TestDirectory(TempDir);

impl TestDirectory {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file and gives its path.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, bytes).expect("a written file");
        path
    }
}

/// A file with this header text and this many data bytes, counted up from zero.
pub(crate) fn raw_file(header: &str, data_bytes: usize) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.extend((0..data_bytes).map(|byte| byte as u8));
    file
}

/// A well-formed file of tensors given as name, element type, shape and bytes, in that order.
pub(crate) fn valid_file(tensors: &[(&str, &str, &[usize], &[u8])]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut entries = Vec::new();
    for (name, dtype, shape, bytes) in tensors {
        let start = data.len();
        data.extend_from_slice(bytes);
        let end = data.len();
        entries.push(format!(
            r#""{name}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{start},{end}]}}"#
        ));
    }
    let mut file = raw_file(&format!("{{{}}}", entries.join(",")), 0);
    file.extend_from_slice(&data);
    file
}
