//! Which data, and how it is read.

use std::fmt;
use std::path::PathBuf;

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
