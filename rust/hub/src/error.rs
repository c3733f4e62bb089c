//! Everything that can go wrong in this room.

use std::io;
use std::path::{Path, PathBuf};

use headroom_memory::ByteSize;
use thiserror::Error;

/// What went wrong, where, and what to do about it.
#[derive(Debug, Error)]
pub enum HubError {
    /// No model of the registry has this name.
    #[error("the registry has no model `{name}`; the nearest are {nearest}")]
    UnknownModel {
        /// What was asked for, made printable.
        name: String,
        /// The names that look most like it.
        nearest: String,
    },

    /// A text that names no model in any of the three ways.
    #[error(
        "`{text}` is no directory and cannot be a repository: {reason}; give a directory, a name of the registry, or owner/name as on the hub"
    )]
    NotAModel {
        /// What was asked for, made printable.
        text: String,
        /// The rule that it breaks.
        reason: &'static str,
    },

    /// An environment variable, or the setting it stands for, that cannot be used.
    #[error("{name} cannot be used: {reason}")]
    Setting {
        /// The variable.
        name: &'static str,
        /// What is wrong with it and what would be right.
        reason: String,
    },

    /// The model is not in the cache and may not be downloaded.
    #[error(
        "{repository} is not complete in {cache} and downloading is off; unset HF_HUB_OFFLINE, or download it first",
        cache = cache.display()
    )]
    NotCached {
        /// `owner/name`.
        repository: String,
        /// The cache that was searched.
        cache: PathBuf,
    },

    /// No answer came, or it broke off too often.
    #[error("{url} cannot be reached: {reason}; run it again, what has arrived is kept")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// The last failure.
        reason: String,
    },

    /// The hub does not let this user have it.
    #[error(
        "the hub refuses {repository} (status {status}): it is gated, private or not there; accept its terms on the hub and set HF_TOKEN to a token that may read it"
    )]
    Denied {
        /// `owner/name`.
        repository: String,
        /// 401 or 403.
        status: u16,
    },

    /// The hub has no such repository or file.
    #[error("the hub has no {what} (status 404); check how it is spelt")]
    NotFound {
        /// `owner/name`, or a file of it.
        what: String,
    },

    /// Too many requests, too often, or for too long.
    #[error(
        "the hub asks for fewer requests (status 429); run it again after {seconds} s, or set HF_TOKEN for a higher limit"
    )]
    TooManyRequests {
        /// The pause it asks for, or a usual one where it says none.
        seconds: u64,
    },

    /// A status that means nothing here, or a server's own failure.
    #[error("{url} answers with status {status}; run it again later, what has arrived is kept")]
    Status {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
    },

    /// Redirects without an end.
    #[error("{url} redirects more than {most} times; check HF_ENDPOINT")]
    TooManyRedirects {
        /// What was asked for.
        url: String,
        /// How many are followed.
        most: u32,
    },

    /// The answer is none that a hub gives.
    #[error(
        "{url} answers with {found} instead of {wanted}; check HF_ENDPOINT, and whether a network login stands in between"
    )]
    NotAHub {
        /// What was asked for.
        url: String,
        /// What came.
        found: String,
        /// What should have come.
        wanted: &'static str,
    },

    /// A list of files that breaks a rule.
    #[error("the hub's list of files of {repository} is refused: {reason}; nothing was downloaded")]
    Listing {
        /// `owner/name`.
        repository: String,
        /// The rule that it breaks.
        reason: String,
    },

    /// An answer that has not the announced length.
    #[error(
        "{file} was announced with {announced_bytes} bytes, but {found}; nothing of it entered the cache"
    )]
    WrongSize {
        /// The file.
        file: String,
        /// What the list of files says.
        announced_bytes: u64,
        /// What the answer says or holds.
        found: String,
    },

    /// Bytes that are not those announced.
    #[error(
        "{file} arrived with another checksum than announced and was thrown away; run it again, and if that does not help, distrust the repository or the way to it"
    )]
    WrongChecksum {
        /// The file.
        file: String,
    },

    /// The disk is too small for what is still to come.
    #[error(
        "{path} has room for {available}, and {needed} are still to be downloaded; free some, or set HF_HUB_CACHE to a larger disk",
        path = path.display(),
        available = ByteSize::from_bytes(*available_bytes),
        needed = ByteSize::from_bytes(*needed_bytes)
    )]
    DiskFull {
        /// The cache.
        path: PathBuf,
        /// Bytes still to be downloaded.
        needed_bytes: u64,
        /// Bytes that may be written there.
        available_bytes: u64,
    },

    /// Another program downloads the same file.
    #[error("{file} is being downloaded by another program; wait for it, then run it again")]
    Busy {
        /// The file.
        file: String,
    },

    /// The caller stopped the download.
    #[error("stopped with {done} of {total} of {repository}; run it again to go on from there", done = ByteSize::from_bytes(*done_bytes), total = ByteSize::from_bytes(*total_bytes))]
    Stopped {
        /// `owner/name`.
        repository: String,
        /// Bytes on the disk.
        done_bytes: u64,
        /// Bytes of all needed files.
        total_bytes: u64,
    },

    /// The system refused something.
    #[error("cannot {action} {path}: {source}", path = path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl HubError {
    /// Whether other arguments or settings, and not another try, are what helps.
    pub fn is_wrong_use(&self) -> bool {
        matches!(
            self,
            Self::UnknownModel { .. } | Self::NotAModel { .. } | Self::Setting { .. }
        )
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

/// Foreign text for a message: short, and without what could control a terminal.
pub(crate) fn printable(text: &str) -> String {
    const MOST_CHARACTERS: usize = 120;
    text.chars()
        .flat_map(char::escape_debug)
        .take(MOST_CHARACTERS)
        .collect()
}
