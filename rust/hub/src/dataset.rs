//! Datasets: files that come one at a time and may go again.

use std::path::PathBuf;

use crate::cache::CachedRepository;
use crate::download::Download;
use crate::error::HubError;
use crate::hub::Hub;
use crate::listing::{CommitHash, Listing, RemoteFile};
use crate::progress::OnProgress;
use crate::repository_id::RepositoryId;

/// The files of a dataset's repository that can hold text, at one commit.
#[derive(Clone, Debug)]
pub struct Dataset {
    repository: RepositoryId,
    commit: CommitHash,
    files: Vec<DatasetFile>,
}

/// One file of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetFile(RemoteFile);

impl Dataset {
    /// `owner/name`.
    pub fn repository(&self) -> &RepositoryId {
        &self.repository
    }

    /// Its `.parquet`, `.jsonl` and `.txt` files, in the order of the repository.
    pub fn files(&self) -> &[DatasetFile] {
        &self.files
    }
}

impl DatasetFile {
    /// Its path in the repository.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its announced length.
    pub fn size_bytes(&self) -> u64 {
        self.0.size_bytes
    }
}

impl Hub {
    /// Asks for the list of a dataset's files. Nothing of them is downloaded.
    ///
    /// # Errors
    /// A refusal or failure of the hub, a list that breaks a rule, [`HubError::NotCached`] when
    /// offline, or [`HubError::Stopped`] if `on_progress` breaks.
    pub fn dataset(
        &self,
        repository: &RepositoryId,
        on_progress: OnProgress,
    ) -> Result<Dataset, HubError> {
        if self.settings.offline {
            return Err(self.not_cached(repository));
        }
        let download = Download::new(&self.client, &self.settings, repository);
        let Listing { commit, files } = download.list(on_progress)?;
        Ok(Dataset {
            repository: repository.clone(),
            commit,
            files: files.into_iter().map(DatasetFile).collect(),
        })
    }

    /// Brings one file of a dataset into the cache, with its checksum verified, and gives where it
    /// lies. What is there already is not downloaded again, and what a cut left is continued.
    ///
    /// # Errors
    /// As [`Self::download`].
    pub fn fetch(
        &self,
        dataset: &Dataset,
        file: &DatasetFile,
        on_progress: OnProgress,
    ) -> Result<PathBuf, HubError> {
        let download = Download::new(&self.client, &self.settings, &dataset.repository);
        download.run_for(&dataset.commit, &file.0, on_progress)
    }

    /// Removes one file of a dataset from the cache, if it or a part of it is there.
    ///
    /// # Errors
    /// [`HubError::Io`] when the system refuses.
    pub fn discard(&self, dataset: &Dataset, file: &DatasetFile) -> Result<(), HubError> {
        let cache = &self.settings.cache_directory;
        CachedRepository::new(cache, &dataset.repository).remove(file.0.checksum)
    }
}
