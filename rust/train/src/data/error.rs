//! What can go wrong with data.

use std::io;
use std::path::{Path, PathBuf};

use headroom_hub::HubError;

/// Why data could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A directory or repository without a shard.
    #[error(
        "{source_name} holds no shard; give Parquet files with a column `text`, .jsonl files, or .txt files"
    )]
    NoShards {
        /// The directory or repository.
        source_name: String,
    },
    /// A file of another kind.
    #[error("{path} is no .parquet, .jsonl or .txt file; give one of these", path = path.display())]
    UnknownKind {
        /// The file.
        path: PathBuf,
    },
    /// There are files, and nothing in them that could be learned.
    #[error("{source_name} holds nothing to train on{because}; give files with documents in them")]
    Empty {
        /// The file, directory or repository.
        source_name: String,
        /// The latest reason why something was left out, in brackets, or nothing.
        because: String,
    },
    /// One file that cannot be divided.
    #[error(
        "{shard} is the only shard and has no more than a single document, so nothing is left to validate on; give a second document or file"
    )]
    NothingToHoldOut {
        /// The shard.
        shard: String,
    },
    /// A repository that cannot be divided.
    #[error(
        "{source_name} has a single shard, {shard}, and one has to validate; download it and give the file"
    )]
    OneRemoteShard {
        /// The repository.
        source_name: String,
        /// The shard.
        shard: String,
    },
    /// Neither here nor on the hub.
    #[error("{name} is no file or directory here, and cannot be had from the hub: {reason}")]
    Nowhere {
        /// What was asked for.
        name: String,
        /// What came of asking the hub.
        reason: Box<HubError>,
    },
    /// The system refused to read something.
    #[error("cannot read {path}: {source}; check that it exists and may be read", path = path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A shard that cannot be read, where nothing may be left out.
    #[error(
        "shard {shard} cannot be read: {reason}; mend or remove it, or allow shards to be left out"
    )]
    Shard {
        /// Its name.
        shard: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A document that cannot be used, where nothing may be left out.
    #[error("{reason}; mend or remove it, or allow documents to be left out")]
    Document {
        /// Where it lies and what is wrong with it.
        reason: String,
    },
    /// A context that has no room for a first token and another.
    #[error("a context of {context} has no room for text; give at least 2")]
    Context {
        /// What was asked for.
        context: usize,
    },
    /// Too few shards may be kept.
    #[error(
        "{most} cached shards are too few to train on one while another validates; give at least 2"
    )]
    CacheTooSmall {
        /// What was asked for.
        most: usize,
    },
    /// A place to go on from whose shard is gone.
    #[error(
        "the run stopped in shard {shard}, which {source_name} no longer has; give the data that it began with"
    )]
    ShardGone {
        /// The shard.
        shard: String,
        /// Where it was looked for.
        source_name: String,
    },
    /// A place to go on from whose shard is another.
    #[error(
        "the run stopped in shard {shard}, which had {then_bytes} bytes and has {now_bytes} now; give the data that it began with"
    )]
    ShardChanged {
        /// The shard.
        shard: String,
        /// Its length then.
        then_bytes: u64,
        /// Its length now.
        now_bytes: u64,
    },
    /// The hub could not give a list of shards, or a shard.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The system gave no thread.
    #[error("cannot begin to read ahead: {0}; end other programs and try again")]
    Thread(io::Error),
    /// Whoever reads wants no more.
    #[error("reading the data was stopped; run again to go on")]
    Stopped,
    /// A library failed in a way that it should not.
    #[error("reading ahead ended without a reason; run again, and please report it if it stays so")]
    Fault,
}

impl DataError {
    /// Whether other arguments, and not another try, are what helps.
    pub fn is_wrong_use(&self) -> bool {
        match self {
            Self::UnknownKind { .. } | Self::Context { .. } | Self::CacheTooSmall { .. } => true,
            Self::Hub(error) => error.is_wrong_use(),
            Self::Nowhere { reason, .. } => reason.is_wrong_use(),
            _ => false,
        }
    }

    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }
}
