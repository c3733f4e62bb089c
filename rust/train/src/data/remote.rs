//! The shards of a dataset on a hub.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use headroom_hub::{
    Dataset, DatasetFile, DownloadProgress, Hub, HubError, HubSettings, RepositoryId,
};

use super::shard::ShardKind;

/// Below the hub's cache; no other program's files lie there, so that all in it may be deleted.
const DIRECTORY: &str = "headroom-shards";

/// A dataset and its shards, sorted by name.
pub(crate) struct RemoteShards {
    hub: Hub,
    dataset: Dataset,
    files: Vec<DatasetFile>,
}

impl RemoteShards {
    /// Asks the hub which shards there are.
    pub(crate) fn of(repository: &RepositoryId, settings: &HubSettings) -> Result<Self, HubError> {
        let hub = Hub::new(HubSettings {
            cache_directory: settings.cache_directory.join(DIRECTORY),
            ..settings.clone()
        });
        let dataset = hub.dataset(repository, &mut |_| ControlFlow::Continue(()))?;
        let is_shard = |file: &&DatasetFile| ShardKind::of(file.name()).is_some();
        let mut files: Vec<_> = dataset.files().iter().filter(is_shard).cloned().collect();
        files.sort_by(|one, other| one.name().cmp(other.name()));
        Ok(Self {
            hub,
            dataset,
            files,
        })
    }

    /// All shards, the one that validates included.
    pub(crate) fn files(&self) -> &[DatasetFile] {
        &self.files
    }

    /// Downloads a shard if it is not there, until it is told to stop. Where another run downloads it,
    /// that is waited for.
    pub(crate) fn fetch(&self, number: usize, stop: &AtomicBool) -> Result<PathBuf, HubError> {
        const MOST_WAITS: u32 = 600;
        const WAIT: Duration = Duration::from_millis(100);
        let file = self.file(number)?;
        let is_stopped = || stop.load(Ordering::Relaxed);
        let mut waits = 0;
        loop {
            let mut go_on = |_: DownloadProgress| match is_stopped() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            };
            match self.hub.fetch(&self.dataset, file, &mut go_on) {
                Err(HubError::Busy { .. }) if waits < MOST_WAITS && !is_stopped() => {
                    thread::sleep(WAIT);
                    waits += 1;
                }
                fetched => return fetched,
            }
        }
    }

    /// Deletes a shard. One that cannot be deleted only takes room; the next run tries again.
    pub(crate) fn discard(&self, number: usize) {
        if let Ok(file) = self.file(number) {
            drop(self.hub.discard(&self.dataset, file));
        }
    }

    fn file(&self, number: usize) -> Result<&DatasetFile, HubError> {
        self.files.get(number).ok_or_else(|| HubError::NotFound {
            what: format!("shard {number} in {}", self.dataset.repository()),
        })
    }
}
