//! A shard index beside one sound shard: what passes must name that shard's tensors and no others.
#![no_main]

use std::fs;
use std::sync::LazyLock;

use headroom_formats::Checkpoint;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const HEADER: &str = r#"{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"y":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#;

static DIRECTORY: LazyLock<TempDir> = LazyLock::new(|| {
    let directory = tempfile::tempdir().expect("a directory");
    let mut shard = (HEADER.len() as u64).to_le_bytes().to_vec();
    shard.extend_from_slice(HEADER.as_bytes());
    shard.extend_from_slice(&[1, 2]);
    fs::write(directory.path().join("a.safetensors"), shard).expect("a shard");
    directory
});

fuzz_target!(|bytes: &[u8]| {
    fs::write(DIRECTORY.path().join("model.safetensors.index.json"), bytes).expect("an index");
    if let Ok(checkpoint) = Checkpoint::open(DIRECTORY.path()) {
        let names: Vec<_> = checkpoint.names().collect();
        assert_eq!(names, ["x", "y"]);
    }
});
