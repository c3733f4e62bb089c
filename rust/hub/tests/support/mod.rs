//! A hub on loopback, and what its tests look at afterwards.

#![allow(dead_code, reason = "each test program uses its own part")]

pub(crate) mod hub_server;
pub(crate) mod model_files;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use headroom_hub::{DownloadProgress, Hub, HubError, HubSettings, RepositoryId};
use tempfile::TempDir;

use hub_server::HubServer;

/// A cache in a directory of its own, filled from a hub on loopback.
pub(crate) struct Workplace {
    pub(crate) folder: TempDir,
    pub(crate) settings: HubSettings,
}

impl Workplace {
    pub(crate) fn new(server: &HubServer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = HubSettings {
            endpoint: server.endpoint(),
            token: None,
            cache_directory: folder.path().join("hub"),
            offline: false,
            retry_pause: Duration::ZERO,
        };
        Self { folder, settings }
    }

    pub(crate) fn hub(&self) -> Hub {
        Hub::new(self.settings.clone())
    }

    pub(crate) fn download(&self) -> Result<PathBuf, HubError> {
        self.hub().download(&repository(), &mut go_on)
    }

    /// How it failed; the cache must then hold no model and no file under its final name.
    #[track_caller]
    pub(crate) fn refusal(&self) -> HubError {
        let refusal = self.download().expect_err("a refusal");
        assert_eq!(self.hub().cached(&repository()), None);
        refusal
    }

    /// Every file and link of the cache, by path below it.
    pub(crate) fn cache_entries(&self) -> Vec<String> {
        let mut entries = Vec::new();
        collect(&self.settings.cache_directory, &mut entries);
        let below = format!("{}/", self.settings.cache_directory.display());
        let mut names: Vec<_> = entries
            .iter()
            .map(|path| path.display().to_string().replace(&below, ""))
            .collect();
        names.sort();
        names
    }

    /// The whole files of the cache; what is incomplete has another name.
    pub(crate) fn whole_blobs(&self) -> Vec<String> {
        let mut blobs = self.cache_entries();
        blobs.retain(|name| name.contains("/blobs/") && !name.ends_with(".incomplete"));
        blobs
    }
}

fn collect(directory: &Path, entries: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => collect(&entry.path(), entries),
            false => entries.push(entry.path()),
        }
    }
}

pub(crate) const REPOSITORY: &str = "owner/name";

pub(crate) fn repository() -> RepositoryId {
    REPOSITORY.parse().unwrap()
}

pub(crate) fn go_on(_: DownloadProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
