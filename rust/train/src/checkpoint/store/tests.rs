use std::collections::BTreeMap;
use std::process::Command;

use headroom_mlx::{Dtype, bytes_of_array};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::checkpoint::example::{Example, array, names, state};
use crate::checkpoint::faulty_disk::{Fault, FaultyDisk};
use crate::checkpoint::hashed_file::sha256;

const FAULTS: [Fault; 4] = [
    Fault::Fails,
    Fault::FillsUp,
    Fault::Stops,
    Fault::LosesPower,
];

/// As many as `--keep` in most of these tests.
const TWO: Option<NonZeroUsize> = NonZeroUsize::new(2);

fn store(directory: &Path, disk: &FaultyDisk) -> CheckpointStore {
    CheckpointStore::on(Box::new(disk.clone()), directory, TWO).unwrap()
}

fn save(directory: &Path, disk: &FaultyDisk, step: u64) -> Result<PathBuf, CheckpointError> {
    store(directory, disk).save(&Example::at(step).snapshot())
}

fn directory_with(steps: &[u64]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for &step in steps {
        save(directory.path(), &FaultyDisk::sound(), step).unwrap();
    }
    directory
}

fn latest(directory: &Path) -> Latest {
    store(directory, &FaultyDisk::sound()).latest().unwrap()
}

fn latest_step(directory: &Path) -> Option<u64> {
    let checkpoint = latest(directory).checkpoint;
    checkpoint.map(|checkpoint| checkpoint.state().step)
}

/// Changes a file of a step's checkpoint.
fn change(directory: &Path, step: u64, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let path = step_path(directory, step).join(name);
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(&path, bytes).unwrap();
}

/// Why the checkpoint of step 2 is passed over in favour of step 1.
#[track_caller]
fn reason_to_pass_over(directory: &Path) -> String {
    let found = latest(directory);
    assert_eq!(found.checkpoint.unwrap().state().step, 1);
    assert_eq!(found.passed_over[0].directory, step_path(directory, 2));
    found.passed_over[0].reason.to_string()
}

#[test]
fn what_was_saved_comes_back_to_the_bit() {
    let directory = directory_with(&[250]);
    let found = latest(directory.path()).checkpoint.unwrap();
    assert_eq!(found.directory(), directory.path().join("step-00000250"));
    assert_eq!(found.state(), &state(250));
    let read = found.weights().read("lm_head.weight").unwrap();
    let saved = array(250, Dtype::Bfloat16);
    assert_eq!((read.shape(), read.dtype()), (&[2, 3][..], Dtype::Bfloat16));
    assert_eq!(
        bytes_of_array(&read).unwrap(),
        bytes_of_array(&saved).unwrap()
    );
    let read = found.optimizer().read("a.momentum").unwrap();
    assert_eq!(
        read.as_slice::<f32>(),
        array(252, Dtype::Float32).as_slice::<f32>()
    );
    assert!(found.optimizer().read("a").is_err());
}

#[test]
fn a_checkpoint_is_itself_a_model_directory() {
    let directory = directory_with(&[1]);
    let checkpoint = step_path(directory.path(), 1);
    assert_eq!(
        names(&checkpoint),
        [
            "config.json",
            "manifest.json",
            "model.safetensors",
            "optimizer.safetensors",
            "tokenizer.json"
        ]
    );
    let weights = headroom_formats::Checkpoint::open(&checkpoint).unwrap();
    assert_eq!(weights.names().collect::<Vec<_>>(), ["a", "lm_head.weight"]);
    let config = fs::read(checkpoint.join("config.json")).unwrap();
    let config: Value = serde_json::from_slice(&config).unwrap();
    assert_eq!(config, json!({"model_type": "nanochat", "step": 1}));
}

#[test]
fn whatever_fails_or_stops_a_save_the_last_good_checkpoint_verifies() {
    let counting = FaultyDisk::sound();
    let directory = directory_with(&[1, 2]);
    save(directory.path(), &counting, 3).unwrap();
    assert!(counting.operations() > 15, "{}", counting.operations());
    for fault in FAULTS {
        for at in 0..counting.operations() {
            let directory = directory_with(&[1, 2]);
            let saved = save(directory.path(), &FaultyDisk::with(fault, at), 3);
            let found = latest_step(directory.path()).unwrap();
            match saved {
                Ok(_) => assert_eq!(found, 3, "{fault:?} at {at}"),
                Err(_) => assert!(found == 2 || found == 3, "{fault:?} at {at}: {found}"),
            }
            save(directory.path(), &FaultyDisk::sound(), 4).unwrap();
            let kept = names(directory.path());
            assert_eq!(kept.len(), 3, "{fault:?} at {at}: {kept:?}");
            assert_eq!(latest_step(directory.path()), Some(4), "{fault:?} at {at}");
        }
    }
}

#[test]
fn whatever_stops_a_second_save_of_a_step_one_of_the_two_verifies() {
    let counting = FaultyDisk::sound();
    let directory = directory_with(&[1]);
    save(directory.path(), &counting, 1).unwrap();
    for fault in FAULTS {
        for at in 0..counting.operations() {
            let directory = directory_with(&[1]);
            drop(save(directory.path(), &FaultyDisk::with(fault, at), 1));
            assert_eq!(latest_step(directory.path()), Some(1), "{fault:?} at {at}");
            save(directory.path(), &FaultyDisk::sound(), 1).unwrap();
            assert_eq!(names(directory.path()), [".lock", "step-00000001"]);
        }
    }
}

#[test]
fn a_process_that_is_killed_leaves_the_last_good_checkpoint() {
    const SAMPLE: usize = 6;
    let counting = FaultyDisk::sound();
    let directory = directory_with(&[1, 2]);
    save(directory.path(), &counting, 3).unwrap();
    for at in (0..counting.operations()).step_by(SAMPLE) {
        let directory = directory_with(&[1, 2]);
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["--ignored", "--exact"])
            .arg("checkpoint::store::tests::save_until_killed")
            .env("HEADROOM_TEST_DIRECTORY", directory.path())
            .env("HEADROOM_TEST_KILL_AT", at.to_string());
        let status = child.output().unwrap().status;
        assert_eq!(status.code(), None, "it was to be killed at {at}");
        let found = latest_step(directory.path()).unwrap();
        assert!(found == 2 || found == 3, "killed at {at}: {found}");
        save(directory.path(), &FaultyDisk::sound(), 4).unwrap();
        assert_eq!(names(directory.path()).len(), 3, "killed at {at}");
    }
}

#[test]
#[ignore = "another test runs it in a process that is killed"]
fn save_until_killed() {
    let directory = std::env::var_os("HEADROOM_TEST_DIRECTORY").unwrap();
    let at = std::env::var("HEADROOM_TEST_KILL_AT").unwrap();
    let disk = FaultyDisk::with(Fault::Kills, at.parse().unwrap());
    drop(save(Path::new(&directory), &disk, 3));
}

#[test]
fn a_full_disk_is_one_sentence_that_says_what_still_stands() {
    let directory = directory_with(&[1]);
    let error = save(directory.path(), &FaultyDisk::with(Fault::FillsUp, 2), 2).unwrap_err();
    assert!(error.is_disk_full());
    let path = step_path(directory.path(), 2).join("model.safetensors");
    assert_eq!(
        error.to_string(),
        format!(
            "could not write {}: no storage space; the checkpoint of step 1 still stands; free some \
             space, or keep fewer checkpoints, and resume",
            path.display()
        )
    );
    assert_eq!(names(directory.path()), [".lock", "step-00000001"]);
}

#[test]
fn only_the_newest_are_kept_and_only_once_the_new_one_stands() {
    let directory = directory_with(&[1, 2, 3, 4]);
    let kept = [".lock", "step-00000003", "step-00000004"];
    assert_eq!(names(directory.path()), kept);
    save(directory.path(), &FaultyDisk::with(Fault::Fails, 9), 5).unwrap_err();
    assert_eq!(names(directory.path()), kept);
}

#[test]
fn a_torn_or_changed_file_is_passed_over_and_named() {
    let flip = |bytes: &mut Vec<u8>| *bytes.last_mut().unwrap() ^= 1;
    let cut = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 1);
    for name in ["model.safetensors", "optimizer.safetensors", "config.json"] {
        let directory = directory_with(&[1, 2]);
        change(directory.path(), 2, name, flip);
        let reason = reason_to_pass_over(directory.path());
        assert!(
            reason.contains(&format!("{name} has changed since")),
            "{reason}"
        );
        change(directory.path(), 2, name, cut);
        let reason = reason_to_pass_over(directory.path());
        assert!(reason.contains(&format!("{name} has ")), "{reason}");
        fs::remove_file(step_path(directory.path(), 2).join(name)).unwrap();
        let reason = reason_to_pass_over(directory.path());
        assert!(
            reason.contains(&format!("{name} cannot be read")),
            "{reason}"
        );
    }
}

#[test]
fn no_byte_of_a_manifest_can_change_unnoticed() {
    let directory = directory_with(&[1, 2]);
    let length = fs::read(step_path(directory.path(), 2).join("manifest.json"))
        .unwrap()
        .len();
    for at in (0..length).step_by(13) {
        change(directory.path(), 2, "manifest.json", |bytes| bytes[at] ^= 1);
        assert!(reason_to_pass_over(directory.path()).contains("manifest"));
        change(directory.path(), 2, "manifest.json", |bytes| bytes[at] ^= 1);
    }
    assert_eq!(latest_step(directory.path()), Some(2));
}

/// Rewrites the manifest of step 2 as somebody would who can seal it.
fn forge(directory: &Path, forge: impl FnOnce(&mut Value)) {
    change(directory, 2, "manifest.json", |bytes| {
        let mut manifest: Value = serde_json::from_slice(bytes).unwrap();
        let blank = "0".repeat(64);
        manifest["sha256"] = json!(blank);
        forge(&mut manifest);
        let text = format!("{manifest:#}\n");
        *bytes = text.replacen(&blank, &sha256(text.as_bytes()), 1).into();
    });
}

#[test]
fn a_hostile_manifest_is_refused() {
    let entry = json!({"bytes": 1u64 << 60, "sha256": "00"});
    let attacks: BTreeMap<&str, Value> = BTreeMap::from([
        ("../../../etc/passwd", entry.clone()),
        ("/etc/passwd", entry.clone()),
        ("..", entry.clone()),
        ("", entry.clone()),
        ("manifest.json", entry.clone()),
        ("model.safetensors", entry.clone()),
        ("tokenizer_config.json", entry),
    ]);
    for (name, entry) in attacks {
        let directory = directory_with(&[1, 2]);
        forge(directory.path(), |manifest| manifest["files"][name] = entry);
        let reason = reason_to_pass_over(directory.path());
        assert!(reason.contains("is no whole checkpoint"), "{reason}");
    }
    let directory = directory_with(&[1, 2]);
    for field in ["files", "state", "format", "sha256"] {
        let kept = fs::read(step_path(directory.path(), 2).join("manifest.json")).unwrap();
        forge(directory.path(), |manifest| manifest[field] = json!("x"));
        let reason = reason_to_pass_over(directory.path());
        assert!(reason.contains("manifest"), "{field}: {reason}");
        change(directory.path(), 2, "manifest.json", |bytes| *bytes = kept);
    }
    forge(directory.path(), |manifest| {
        manifest["state"]["step"] = json!(9);
    });
    assert!(reason_to_pass_over(directory.path()).contains("of step 9"));
}

#[test]
fn a_file_of_tensors_that_breaks_a_rule_does_not_pass_though_its_checksum_does() {
    let directory = directory_with(&[1, 2]);
    let header = br#"{"a":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,4]}}"#;
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header);
    file.extend_from_slice(&[0; 4]);
    change(directory.path(), 2, "model.safetensors", |bytes| {
        bytes.clone_from(&file);
    });
    forge(directory.path(), |manifest| {
        manifest["files"]["model.safetensors"] =
            json!({"bytes": file.len(), "sha256": sha256(&file)});
    });
    let reason = reason_to_pass_over(directory.path());
    assert!(reason.contains("tensor `a` is refused"), "{reason}");
}

#[test]
fn a_link_in_the_place_of_a_file_is_refused() {
    let directory = directory_with(&[1, 2]);
    let path = step_path(directory.path(), 2).join("config.json");
    let elsewhere = directory.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    let reason = reason_to_pass_over(directory.path());
    assert!(reason.contains("config.json is not a regular file"));
}

#[test]
fn two_runs_cannot_save_in_one_place() {
    let directory = directory_with(&[1]);
    let first = store(directory.path(), &FaultyDisk::sound());
    let second = CheckpointStore::open(directory.path(), None);
    assert!(matches!(second, Err(CheckpointError::Busy { .. })));
    drop(first);
    CheckpointStore::open(directory.path(), None).unwrap();
}

#[test]
fn a_place_without_checkpoints_has_none_and_one_that_is_no_directory_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let found = latest(&directory.path().join("new/checkpoints"));
    assert!(found.checkpoint.is_none() && found.passed_over.is_empty());
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = CheckpointStore::open(&file, None);
    assert!(matches!(refused, Err(CheckpointError::Unusable { .. })));
}
