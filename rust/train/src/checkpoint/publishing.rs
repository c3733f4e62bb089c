//! The output of a run as a model directory: the files of its last checkpoint under their usual names.

use std::fs::File;
use std::io;
use std::path::Path;

use super::disk::{Disk, SystemDisk};
use super::error::CheckpointError;
use super::layout::{CONFIG, OPTIMIZER};
use super::saved::SavedCheckpoint;

/// Before the name of a file that is not in its place yet.
const PUBLISHING: &str = ".publishing-";

/// Makes `output` a model directory of a checkpoint's model: weights, configuration and tokenizer, each
/// a second name of the checkpoint's file where the disk allows that, else a copy. Each file takes its
/// place at once; the configuration comes last.
///
/// # Errors
/// When the checkpoint does not verify, or the disk refuses.
pub fn publish(checkpoint: &Path, output: &Path) -> Result<(), CheckpointError> {
    publish_on(&SystemDisk, checkpoint, output)
}

pub(super) fn publish_on(
    disk: &dyn Disk,
    checkpoint: &Path,
    output: &Path,
) -> Result<(), CheckpointError> {
    let checkpoint = SavedCheckpoint::open(checkpoint)?;
    let files = checkpoint.files();
    let files = files.filter(|&name| name != OPTIMIZER && name != CONFIG);
    for name in files.chain([CONFIG]) {
        let placed = place(disk, &checkpoint.directory().join(name), output, name);
        placed.map_err(|source| CheckpointError::NotPublished {
            action: "write",
            path: output.join(name),
            source,
        })?;
    }
    let synced = disk.sync_directory(output);
    synced.map_err(|source| CheckpointError::NotPublished {
        action: "sync",
        path: output.to_owned(),
        source,
    })
}

fn place(disk: &dyn Disk, from: &Path, output: &Path, name: &str) -> io::Result<()> {
    let beside = output.join(format!("{PUBLISHING}{name}"));
    if beside.symlink_metadata().is_ok() {
        disk.remove_file(&beside)?;
    }
    if disk.link(from, &beside).is_err() {
        copy(disk, from, &beside)?;
    }
    disk.rename(&beside, &output.join(name))?;
    // A name that is renamed to another of the same file stays.
    match beside.symlink_metadata() {
        Ok(_) => disk.remove_file(&beside),
        Err(_) => Ok(()),
    }
}

fn copy(disk: &dyn Disk, from: &Path, to: &Path) -> io::Result<()> {
    let mut file = disk.create(to)?;
    io::copy(&mut File::open(from)?, &mut file)?;
    file.sync()
}

#[cfg(test)]
mod tests;
