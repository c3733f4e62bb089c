//! A file's header: what passes must name tensors that lie inside the file.
#![no_main]

use std::sync::LazyLock;
use std::{fs, path::PathBuf};

use headroom_formats::Checkpoint;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

static DIRECTORY: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a directory"));
static FILE: LazyLock<PathBuf> = LazyLock::new(|| DIRECTORY.path().join("model.safetensors"));

fuzz_target!(|bytes: &[u8]| {
    fs::write(&*FILE, bytes).expect("a file");
    let Ok(checkpoint) = Checkpoint::open_file(&FILE) else {
        return;
    };
    let names: Vec<_> = checkpoint.names().map(str::to_owned).collect();
    let held: u64 = names
        .iter()
        .map(|name| checkpoint.read(name).expect("its bytes").len() as u64)
        .sum();
    assert_eq!(held, checkpoint.total_bytes());
    assert!(held < bytes.len() as u64);
});
