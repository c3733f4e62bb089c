//! Which data, and how it is read.

use std::fmt;
use std::path::{Path, PathBuf};

use headroom_hub::{HubSettings, RepositoryId};

use super::content::Content;
use super::error::DataError;

/// Where data comes from.
#[derive(Clone, Debug)]
pub enum DataSource {
    /// A file, or a directory of files.
    Local(PathBuf),
    /// A dataset's repository on a hub, whose shards come and go while they are read.
    Hub {
        /// [`RepositoryId::dataset`].
        repository: RepositoryId,
        /// The hub. Shards lie in a directory of their own below its cache.
        settings: HubSettings,
    },
}

impl DataSource {
    /// What `--data` names: a path is itself, and so is what can only be one; other names are datasets
    /// on the hub that the environment speaks of.
    ///
    /// # Errors
    /// When the environment's settings of the hub are none that can be.
    pub fn named(name: &str) -> Result<Self, DataError> {
        let path = Path::new(name);
        if path.exists() || name.starts_with(['.', '/', '~']) {
            return Ok(Self::Local(path.to_owned()));
        }
        match Self::on_hub(name) {
            Err(DataError::Hub(error)) if error.is_wrong_use() => Ok(Self::Local(path.to_owned())),
            source => source,
        }
    }

    /// A dataset on the hub, whatever lies on the disk under that name.
    ///
    /// # Errors
    /// When the name is none of a dataset, and as [`Self::named`].
    pub fn on_hub(name: &str) -> Result<Self, DataError> {
        Ok(Self::Hub {
            repository: RepositoryId::dataset(name)?,
            settings: HubSettings::from_environment()?,
        })
    }
}

impl fmt::Display for DataSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => path.display().fmt(formatter),
            Self::Hub { repository, .. } => repository.fmt(formatter),
        }
    }
}

/// Which data, and how it is read. The rows that come out depend on everything here but
/// [`Self::max_cached_shards`].
#[derive(Clone, Debug)]
pub struct DataSettings {
    /// Where data comes from.
    pub source: DataSource,
    /// What the shards hold.
    pub content: Content,
    /// Targets in a row; at least 2.
    pub context: usize,
    /// Decides the order of the rows of a block.
    pub random_seed: u64,
    /// Refuse what cannot be read instead of leaving it out.
    pub is_strict: bool,
    /// Most shards from a hub that lie on the disk at a time, the one that validates included; at
    /// least 2.
    pub max_cached_shards: usize,
}

impl DataSettings {
    /// As nanochat trains: 2,048 tokens of context, 20 shards on the disk.
    pub fn new(source: DataSource, content: Content) -> Self {
        Self {
            source,
            content,
            context: 2_048,
            random_seed: 0,
            is_strict: false,
            max_cached_shards: 20,
        }
    }

    pub(crate) fn check(&self) -> Result<(), DataError> {
        let Self {
            context,
            max_cached_shards: most,
            ..
        } = *self;
        if context < 2 {
            return Err(DataError::Context { context });
        }
        match most < 2 {
            true => Err(DataError::CacheTooSmall { most }),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_with_an_owner_that_is_no_path_is_a_dataset() {
        let is_remote = |name| matches!(DataSource::named(name), Ok(DataSource::Hub { .. }));
        assert!(is_remote("owner/name") && is_remote("datasets/owner/name"));
        for path in [
            ".",
            "./owner/name",
            "/owner/name",
            "src/lib.rs",
            "shards",
            "a/b/c",
        ] {
            assert!(!is_remote(path), "{path}");
        }
    }
}
