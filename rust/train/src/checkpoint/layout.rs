//! What lies where in a run's checkpoints, by name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(super) const WEIGHTS: &str = "model.safetensors";
pub(super) const OPTIMIZER: &str = "optimizer.safetensors";
pub(super) const CONFIG: &str = "config.json";
pub(super) const MANIFEST: &str = "manifest.json";

/// What lies beside a model's weights and configuration and belongs to it.
pub(super) const COMPANIONS: [&str; 6] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "generation_config.json",
    "token_bytes.json",
];

/// Held open by the run that may write here.
pub(super) const LOCK: &str = ".lock";
/// Before the name of a directory that is being written.
pub(super) const WRITING: &str = ".writing-";
/// Before the name of one that another of the same step takes the place of.
pub(super) const REPLACED: &str = ".replaced-";
/// Before the name of one that is being deleted.
pub(super) const REMOVING: &str = ".removing-";

const STEP: &str = "step-";

/// The name of the checkpoint of a step: eight digits, so that names sort as steps do.
pub(super) fn step_name(step: u64) -> String {
    format!("{STEP}{step:08}")
}

/// The step that a name stands for, if it is one that [`step_name`] gives.
pub(super) fn step_of(name: &str) -> Option<u64> {
    let step = name.strip_prefix(STEP)?.parse().ok()?;
    (step_name(step) == name).then_some(step)
}

/// The steps of all checkpoints in a directory, oldest first.
pub(super) fn steps(directory: &Path) -> io::Result<Vec<u64>> {
    let names = names(directory)?;
    let mut steps: Vec<_> = names.iter().filter_map(|name| step_of(name)).collect();
    steps.sort_unstable();
    Ok(steps)
}

/// The names of everything in a directory; those that are no UTF-8 are none of ours.
pub(super) fn names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

/// The path of a step's checkpoint.
pub(super) fn step_path(directory: &Path, step: u64) -> PathBuf {
    directory.join(step_name(step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_its_step_belong_together() {
        for step in [0, 250, 99_999_999, 100_000_000, u64::MAX] {
            assert_eq!(step_of(&step_name(step)), Some(step));
        }
        for name in [
            "step-250",
            "step-+0000250",
            "step-",
            "step-99999999999999999999999",
            ".writing-step-00000250",
            "STEP-00000250",
        ] {
            assert_eq!(step_of(name), None, "{name}");
        }
    }
}
