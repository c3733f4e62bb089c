//! A disk that is really full: a small file system in memory, where this process may mount one.
#![cfg(target_os = "linux")]

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use headroom_mlx::Array;
use headroom_mlx::ops::ones;
use headroom_train::checkpoint::{CheckpointStore, Snapshot, TrainingState};
use serde_json::json;
use tempfile::TempDir;

/// A file system of 1 MiB, gone when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` after a line that says why this machine does not allow it.
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "headroom-test"]);
        let output = mount.arg(directory.path()).output().unwrap();
        if output.status.success() {
            return Some(Self(directory));
        }
        // Written past the capture of the test harness, so that it shows.
        let reason = String::from_utf8_lossy(&output.stderr);
        let _ = writeln!(io::stderr(), "skipped: full disk test: {}", reason.trim());
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(self.0.path()).status());
    }
}

fn save(store: &mut CheckpointStore, step: u64, weight_bytes: i32) -> Result<(), String> {
    let state = TrainingState {
        step,
        tokens: 0,
        random_seed: 0,
        cursor: json!(null),
        configuration: json!({}),
    };
    let weights: [(String, Array); 1] = [("w".into(), ones::<f32>(&[weight_bytes / 4]).unwrap())];
    let snapshot = Snapshot {
        state: &state,
        weights: &weights,
        optimizer: &[],
        config: &json!({}),
        tokenizer: Path::new("/nonexistent"),
    };
    let saved = store.save(&snapshot);
    saved.map(drop).map_err(|error| error.to_string())
}

#[test]
fn a_full_disk_keeps_the_last_good_checkpoint_and_has_room_for_a_smaller_one() {
    headroom_mlx::start().unwrap();
    let Some(disk) = SmallDisk::mount() else {
        return;
    };
    let checkpoints = disk.0.path().join("checkpoints");
    let mut store = CheckpointStore::open(&checkpoints, None).unwrap();
    save(&mut store, 1, 500_000).unwrap();
    let sentence = save(&mut store, 2, 600_000).unwrap_err();
    let expected = "No space left on device (os error 28); the checkpoint of step 1 still stands; \
                    free some space, or keep fewer checkpoints, and resume";
    assert!(sentence.ends_with(expected), "{sentence}");
    let found = store.latest().unwrap();
    assert_eq!(found.checkpoint.unwrap().state().step, 1);
    assert!(found.passed_over.is_empty());
    save(&mut store, 3, 400_000).unwrap();
}
