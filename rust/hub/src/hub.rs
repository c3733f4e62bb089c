//! From what a user types to a model's directory.

use std::path::{Path, PathBuf};

use crate::cache::CachedRepository;
use crate::client::Client;
use crate::download::Download;
use crate::error::{HubError, printable};
use crate::progress::OnProgress;
use crate::registry;
use crate::repository_id::RepositoryId;
use crate::settings::HubSettings;

/// Whether a model that is not in the cache may be downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Only what is in the cache will do.
    Never,
    /// Download what is missing, unless the settings say offline.
    IfMissing,
}

/// A hub and the cache of what came from it.
pub struct Hub {
    pub(crate) settings: HubSettings,
    pub(crate) client: Client,
}

impl Hub {
    /// A hub as the settings describe it. Nothing is asked of the network yet.
    pub fn new(settings: HubSettings) -> Self {
        let client = Client::new(&settings);
        Self { settings, client }
    }

    /// The directory of a model. A directory is itself; a name of the registry or `owner/name` is
    /// looked up in the cache and, if it is not complete there, downloaded as `fetch` allows.
    ///
    /// # Errors
    /// When the text names no model, when the model is neither there nor to be had, or when the
    /// download fails as in [`Self::download`].
    pub fn resolve(
        &self,
        model: &str,
        fetch: Fetch,
        on_progress: OnProgress,
    ) -> Result<PathBuf, HubError> {
        let path = Path::new(model);
        if path.is_dir() {
            return Ok(path.to_path_buf());
        }
        let repository = repository_of(model)?;
        match (self.cached(&repository), fetch) {
            (Some(directory), _) => Ok(directory),
            (None, Fetch::IfMissing) => self.download(&repository, on_progress),
            (None, Fetch::Never) => Err(self.not_cached(&repository)),
        }
    }

    /// The directory of a model that is complete in the cache. Only headers are read.
    pub fn cached(&self, repository: &RepositoryId) -> Option<PathBuf> {
        CachedRepository::new(&self.settings.cache_directory, repository).model()
    }

    /// Brings the newest version of a model into the cache and gives its directory. What is there
    /// already is not downloaded again, and what a cut left is continued. Files enter the cache
    /// one by one, each with its checksum verified, and the model only when all are there.
    ///
    /// # Errors
    /// [`HubError`] with what went wrong: a refusal or failure of the hub, answers that break a
    /// rule, too little room on the disk (before anything is downloaded), or
    /// [`HubError::Stopped`] if `on_progress` breaks. When offline, whatever is not complete in the
    /// cache is [`HubError::NotCached`].
    pub fn download(
        &self,
        repository: &RepositoryId,
        on_progress: OnProgress,
    ) -> Result<PathBuf, HubError> {
        if self.settings.offline {
            let cached = self.cached(repository);
            return cached.ok_or_else(|| self.not_cached(repository));
        }
        Download::new(&self.client, &self.settings, repository).run(on_progress)
    }

    pub(crate) fn not_cached(&self, repository: &RepositoryId) -> HubError {
        HubError::NotCached {
            repository: repository.to_string(),
            cache: self.settings.cache_directory.clone(),
        }
    }
}

/// The repository that a name of the registry or `owner/name` means.
///
/// # Errors
/// [`HubError::UnknownModel`] for a name without an owner that the registry does not have,
/// [`HubError::NotAModel`] for what can be no repository.
pub fn repository_of(model: &str) -> Result<RepositoryId, HubError> {
    let is_path = model.is_empty() || model.starts_with(['/', '.', '~']);
    if is_path {
        return Err(HubError::NotAModel {
            text: printable(model),
            reason: "it has the form of a path",
        });
    }
    match registry::find(model) {
        Ok(known) => known.id.parse(),
        Err(_) if model.contains('/') => model.parse(),
        Err(unknown) => Err(unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_means_its_repository_and_another_one_itself() {
        let id = |model| repository_of(model).unwrap().to_string();
        assert_eq!(id("qwen3-0.6b"), "mlx-community/Qwen3-0.6B-4bit");
        assert_eq!(id("someone/their-model"), "someone/their-model");
    }

    #[test]
    fn what_names_no_model_is_refused_with_what_to_give() {
        let sentence = |model| repository_of(model).unwrap_err().to_string();
        assert!(sentence("qwen9").contains("the nearest are Qwen3"));
        for path in ["", "./missing", "/missing", "~/missing", "../x/y"] {
            assert!(sentence(path).contains("is no directory"), "{path}");
        }
        assert!(sentence("a/b/c").contains("owner/name"));
    }
}
