//! The last file of a checkpoint: what the others must be, and where the run was.

use std::collections::BTreeMap;
use std::path::Path;

use headroom_formats::read_bounded;
use serde::{Deserialize, Serialize};

use super::hashed_file::{FileEntry, sha256};
use super::layout::{COMPANIONS, CONFIG, MANIFEST, OPTIMIZER, WEIGHTS};
use super::snapshot::TrainingState;

/// Far above any honest manifest; a tree of JSON takes some forty times its text.
const LIMIT_BYTES: u64 = 1 << 20;
const FORMAT: u32 = 1;
/// Stands for the manifest's own SHA-256 while that is computed.
const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// `manifest.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// How to read this file.
    format: u32,
    /// The version of headroom that wrote it.
    headroom: String,
    /// Of this file's own text, with 64 zeros in this place.
    sha256: String,
    pub(super) state: TrainingState,
    /// Every other file by its name.
    pub(super) files: BTreeMap<String, FileEntry>,
}

impl Manifest {
    pub(super) fn new(state: TrainingState, files: BTreeMap<String, FileEntry>) -> Self {
        Self {
            format: FORMAT,
            headroom: env!("CARGO_PKG_VERSION").to_owned(),
            sha256: BLANK.to_owned(),
            state,
            files,
        }
    }

    /// Its text, sealed with its own SHA-256.
    pub(super) fn text(&self) -> serde_json::Result<String> {
        let blank = serde_json::to_string_pretty(self)? + "\n";
        Ok(blank.replacen(BLANK, &sha256(blank.as_bytes()), 1))
    }

    /// Reads the manifest of a checkpoint and holds it to its rules.
    ///
    /// # Errors
    /// The reason why it is refused, as a clause.
    pub(super) fn read(directory: &Path) -> Result<Self, String> {
        let bytes = read_bounded(&directory.join(MANIFEST), LIMIT_BYTES);
        let bytes = bytes.map_err(|error| error.to_string())?;
        let text = std::str::from_utf8(&bytes).map_err(|_| "its manifest is no UTF-8")?;
        let manifest: Self = serde_json::from_str(text)
            .map_err(|error| format!("its manifest cannot be read: {error}"))?;
        manifest.check(text)?;
        Ok(manifest)
    }

    fn check(&self, text: &str) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!(
                "its manifest has format {}, but {FORMAT} is read",
                self.format
            ));
        }
        let is_digest = self.sha256.len() == BLANK.len();
        if !is_digest || sha256(text.replacen(&self.sha256, BLANK, 1).as_bytes()) != self.sha256 {
            return Err("its manifest has changed since it was written".to_owned());
        }
        let unknown = self.files.keys().find(|name| !is_ours(name));
        if let Some(name) = unknown {
            return Err(format!("its manifest lists a file named {name:?}"));
        }
        let mut needed = [WEIGHTS, OPTIMIZER, CONFIG].into_iter();
        match needed.find(|&name| !self.files.contains_key(name)) {
            Some(name) => Err(format!("its manifest does not list {name}")),
            None => Ok(()),
        }
    }
}

/// Whether a checkpoint has a file of that name; no other name ever becomes a path.
fn is_ours(name: &str) -> bool {
    [WEIGHTS, OPTIMIZER, CONFIG].contains(&name) || COMPANIONS.contains(&name)
}
