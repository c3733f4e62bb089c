use std::fs;

use super::*;
use crate::checkpoint::example::{Example, names};
use crate::checkpoint::faulty_disk::{Fault, FaultyDisk};
use crate::checkpoint::store::CheckpointStore;

/// The checkpoint of a step in an output directory.
fn saved(output: &Path, step: u64) -> std::path::PathBuf {
    let mut store = CheckpointStore::open(&output.join("checkpoints"), None).unwrap();
    store.save(&Example::at(step).snapshot()).unwrap()
}

const PUBLISHED: [&str; 4] = [
    "checkpoints",
    "config.json",
    "model.safetensors",
    "tokenizer.json",
];

#[test]
fn the_output_becomes_a_model_directory_without_a_second_copy() {
    use std::os::unix::fs::MetadataExt;
    let output = tempfile::tempdir().unwrap();
    let checkpoint = saved(output.path(), 1);
    publish(&checkpoint, output.path()).unwrap();
    publish(&checkpoint, output.path()).unwrap();
    assert_eq!(names(output.path()), PUBLISHED);
    let inode = |path: &Path| fs::metadata(path.join("model.safetensors")).unwrap().ino();
    assert_eq!(inode(&checkpoint), inode(output.path()));
    headroom_formats::Checkpoint::open(output.path()).unwrap();
}

#[test]
fn where_a_file_cannot_have_two_names_it_is_copied() {
    let output = tempfile::tempdir().unwrap();
    let checkpoint = saved(output.path(), 1);
    let disk = FaultyDisk::with(Fault::Fails, 0);
    publish_on(&disk, &checkpoint, output.path()).unwrap();
    assert_eq!(names(output.path()), PUBLISHED);
    for name in &PUBLISHED[1..] {
        let bytes = |directory: &Path| fs::read(directory.join(name)).unwrap();
        assert_eq!(bytes(output.path()), bytes(&checkpoint), "{name}");
    }
}

#[test]
fn after_any_failure_it_can_be_done_again() {
    let output = tempfile::tempdir().unwrap();
    let checkpoint = saved(output.path(), 1);
    let counting = FaultyDisk::sound();
    publish_on(&counting, &checkpoint, output.path()).unwrap();
    for fault in [Fault::Fails, Fault::FillsUp, Fault::Stops] {
        for at in 0..counting.operations() {
            let output = tempfile::tempdir().unwrap();
            let checkpoint = saved(output.path(), 2);
            drop(publish_on(
                &FaultyDisk::with(fault, at),
                &checkpoint,
                output.path(),
            ));
            publish(&checkpoint, output.path()).unwrap();
            assert_eq!(names(output.path()), PUBLISHED, "{fault:?} at {at}");
        }
    }
}

#[test]
fn a_checkpoint_that_does_not_verify_is_not_published() {
    let output = tempfile::tempdir().unwrap();
    let checkpoint = saved(output.path(), 1);
    fs::write(checkpoint.join("config.json"), "{}").unwrap();
    assert!(publish(&checkpoint, output.path()).is_err());
    assert_eq!(names(output.path()), ["checkpoints"]);
}
