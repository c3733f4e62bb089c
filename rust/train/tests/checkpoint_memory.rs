//! What saving and reading a checkpoint takes, in a process where nothing else counts.

use headroom_mlx::ops::ones;
use headroom_mlx::{Array, allocator};
use headroom_train::checkpoint::{CheckpointStore, Snapshot, TrainingState};
use serde_json::json;

const ROWS: i32 = 1 << 16;
const TENSOR_BYTES: u64 = 4 * 16 * ROWS as u64;
/// What aligns a tensor that is read.
const SMALL_BYTES: u64 = 1 << 14;

fn tensor(number: usize) -> (String, Array) {
    let array = ones::<f32>(&[ROWS, 16]).unwrap();
    array.eval().unwrap();
    (format!("t{number}"), array)
}

fn peak_above_what_is_there(work: impl FnOnce()) -> u64 {
    allocator::clear_cache().unwrap();
    allocator::reset_peak().unwrap();
    let before_bytes = allocator::read().unwrap().active_bytes;
    work();
    let peak_bytes = allocator::read().unwrap().peak_bytes;
    peak_bytes.saturating_sub(before_bytes)
}

#[test]
fn a_checkpoint_is_saved_and_read_one_tensor_at_a_time() {
    headroom_mlx::start().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let state = TrainingState {
        step: 1,
        tokens: 0,
        random_seed: 0,
        cursor: json!(null),
        configuration: json!({}),
    };
    let weights: Vec<_> = (0..8).map(tensor).collect();
    let snapshot = Snapshot {
        state: &state,
        weights: &weights,
        optimizer: &[],
        config: &json!({}),
        tokenizer: directory.path(),
    };
    let checkpoints = directory.path().join("checkpoints");
    let mut store = CheckpointStore::open(&checkpoints, None).unwrap();
    let saving = peak_above_what_is_there(|| drop(store.save(&snapshot).unwrap()));
    assert!(saving <= TENSOR_BYTES + SMALL_BYTES, "{saving}");
    let saved = store.latest().unwrap().checkpoint.unwrap();
    let reading = peak_above_what_is_there(|| {
        for (name, _) in &weights {
            saved.weights().read(name).unwrap().eval().unwrap();
        }
    });
    assert!(reading <= TENSOR_BYTES + SMALL_BYTES, "{reading}");
}
