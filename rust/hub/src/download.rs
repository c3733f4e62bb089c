//! Bringing files into the cache: list, room, bytes, checksum, and only then their place.

use std::io::Read;
use std::path::{Path, PathBuf};

use headroom_memory::disk_space;

use crate::backoff::Backoff;
use crate::cache::CachedRepository;
use crate::client::{Client, FileAnswer};
use crate::error::HubError;
use crate::failure::Failure;
use crate::listing::{CommitHash, Listing, RemoteFile};
use crate::partial_file::PartialFile;
use crate::progress::{OnProgress, Tracker};
use crate::repository_id::RepositoryId;
use crate::settings::HubSettings;

/// Bytes after which a connection counts as one that works.
const ACHIEVEMENT_BYTES: u64 = 1 << 20;

/// A download of one repository.
pub(crate) struct Download<'a> {
    client: &'a Client,
    settings: &'a HubSettings,
    repository: &'a RepositoryId,
    cached: CachedRepository,
}

impl<'a> Download<'a> {
    pub(crate) fn new(
        client: &'a Client,
        settings: &'a HubSettings,
        repository: &'a RepositoryId,
    ) -> Self {
        Self {
            cached: CachedRepository::new(&settings.cache_directory, repository),
            client,
            settings,
            repository,
        }
    }

    /// Downloads what is missing and gives the model's directory.
    pub(crate) fn run(&self, on_progress: OnProgress) -> Result<PathBuf, HubError> {
        let mut tracker = Tracker::new(self.repository, on_progress);
        let listing = self.listing(&mut tracker)?;
        self.refuse_small_disk(&listing.files)?;
        tracker.expect(listing.total_bytes());
        for file in &listing.files {
            tracker.begin(&file.name);
            if !self.cached.has(file) {
                self.fetch(&listing.commit, file, &mut tracker)?;
            }
            tracker.reached(file.size_bytes)?;
        }
        self.cached.publish(&listing)
    }

    /// The list of files alone.
    pub(crate) fn list(&self, on_progress: OnProgress) -> Result<Listing, HubError> {
        self.listing(&mut Tracker::new(self.repository, on_progress))
    }

    /// Downloads one file if it is missing, and gives where it lies.
    pub(crate) fn run_for(
        &self,
        commit: &CommitHash,
        file: &RemoteFile,
        on_progress: OnProgress,
    ) -> Result<PathBuf, HubError> {
        if !self.cached.has(file) {
            self.refuse_small_disk(std::slice::from_ref(file))?;
            let mut tracker = Tracker::new(self.repository, on_progress);
            tracker.expect(file.size_bytes);
            tracker.begin(&file.name);
            self.fetch(commit, file, &mut tracker)?;
        }
        Ok(self.cached.blob(file.checksum))
    }

    fn listing(&self, tracker: &mut Tracker) -> Result<Listing, HubError> {
        let mut backoff = Backoff::new(self.settings.retry_pause);
        loop {
            match self.client.listing(self.repository) {
                Ok(listing) => return Ok(listing),
                Err(failure) => backoff.wait(failure, tracker)?,
            }
        }
    }

    fn refuse_small_disk(&self, files: &[RemoteFile]) -> Result<(), HubError> {
        let missing = files
            .iter()
            .map(|file| file.size_bytes - self.cached.arrived_bytes(file));
        let needed_bytes = missing.fold(0, u64::saturating_add);
        let cache = &self.settings.cache_directory;
        match room_bytes(cache) {
            Some(available_bytes) if available_bytes < needed_bytes => Err(HubError::DiskFull {
                path: cache.clone(),
                needed_bytes,
                available_bytes,
            }),
            _ => Ok(()),
        }
    }

    fn fetch(
        &self,
        commit: &CommitHash,
        file: &RemoteFile,
        tracker: &mut Tracker,
    ) -> Result<(), HubError> {
        let mut partial = PartialFile::open(&self.cached, file)?;
        let mut backoff = Backoff::new(self.settings.retry_pause);
        while !partial.is_full() {
            let before_bytes = partial.length_bytes();
            let Err(failure) = self.go_on(commit, file, &mut partial, tracker) else {
                break;
            };
            if partial.length_bytes() >= before_bytes.saturating_add(ACHIEVEMENT_BYTES) {
                backoff.reset();
            }
            backoff.wait(failure, tracker)?;
        }
        partial.finish()
    }

    /// One request for what is still missing of a file.
    fn go_on(
        &self,
        commit: &CommitHash,
        file: &RemoteFile,
        partial: &mut PartialFile,
        tracker: &mut Tracker,
    ) -> Result<(), Failure> {
        tracker.reached(partial.length_bytes())?;
        let from_byte = partial.length_bytes();
        let source = (self.repository, commit);
        let answer = self.client.file(source, &file.name, from_byte);
        let answer = answer.map_err(|failure| begin_anew_if_out_of_range(failure, partial))?;
        if !answer.is_partial {
            partial.restart()?;
        }
        refuse_other_range(&answer, file, partial.length_bytes())?;
        receive(answer, partial, tracker)
    }
}

/// What arrived before may belong to another file; keeping it would block every further try.
fn begin_anew_if_out_of_range(failure: Failure, partial: &mut PartialFile) -> Failure {
    match failure.error {
        HubError::Status { status: 416, .. } => match partial.restart() {
            Ok(()) => Failure::soon(failure.error),
            Err(error) => error.into(),
        },
        _ => failure,
    }
}

/// Compares what an answer says of itself with what was announced, before anything is read.
fn refuse_other_range(
    answer: &FileAnswer,
    file: &RemoteFile,
    from_byte: u64,
) -> Result<(), HubError> {
    let wrong = |found: String| HubError::WrongSize {
        file: file.name.clone(),
        announced_bytes: file.size_bytes,
        found,
    };
    let missing_bytes = file.size_bytes - from_byte;
    if let Some(length) = answer
        .body
        .content_length()
        .filter(|length| *length != missing_bytes)
    {
        return Err(wrong(format!("{length} come from byte {from_byte} on")));
    }
    let header = answer.headers.get("content-range");
    let range = header
        .and_then(|range| range.to_str().ok())
        .unwrap_or_default();
    if answer.is_partial && !is_range(range, from_byte, file.size_bytes) {
        return Err(wrong(format!(
            "the range from byte {from_byte} on is another"
        )));
    }
    Ok(())
}

/// Whether a `Content-Range` is that of everything from a byte to the end.
fn is_range(text: &str, from_byte: u64, size_bytes: u64) -> bool {
    let Some((first, rest)) = text
        .strip_prefix("bytes ")
        .and_then(|range| range.split_once('-'))
    else {
        return false;
    };
    let Some((last, size)) = rest.split_once('/') else {
        return false;
    };
    first.parse() == Ok(from_byte)
        && last.parse::<u64>().map(|last| last.saturating_add(1)) == Ok(size_bytes)
        && (size == "*" || size.parse() == Ok(size_bytes))
}

fn receive(
    answer: FileAnswer,
    partial: &mut PartialFile,
    tracker: &mut Tracker,
) -> Result<(), Failure> {
    const PIECE_BYTES: usize = 256 << 10;
    let cut_off = |reason: String| {
        let url = answer.url.clone();
        Failure::soon(HubError::Unreachable { url, reason })
    };
    let mut body = answer.body.into_reader();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = body.read(&mut piece);
        let length = read.map_err(|error| cut_off(error.to_string()))?;
        let bytes = piece.get(..length).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        partial.append(bytes)?;
        tracker.reached(partial.length_bytes())?;
    }
    match partial.is_full() {
        true => Ok(()),
        false => Err(cut_off("the answer ends early".to_owned())),
    }
}

/// Room for the cache, which may not exist yet.
fn room_bytes(cache: &Path) -> Option<u64> {
    let existing = cache.ancestors().find(|ancestor| ancestor.is_dir())?;
    disk_space(existing).map(|space| space.available_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_everything_from_the_asked_byte_on_is_the_right_range() {
        assert!(is_range("bytes 3-9/10", 3, 10));
        assert!(is_range("bytes 3-9/*", 3, 10));
        for range in [
            "bytes 0-9/10",
            "bytes 3-8/10",
            "bytes 3-9/11",
            "bytes 3-",
            "bytes */10",
            "3-9/10",
            "",
            "bytes 3-18446744073709551615/10",
        ] {
            assert!(!is_range(range, 3, 10), "{range}");
        }
    }

    #[test]
    fn the_room_of_a_cache_that_does_not_exist_is_that_of_its_parent() {
        let folder = tempfile::tempdir().unwrap();
        assert!(room_bytes(&folder.path().join("a/b/c")).is_some());
    }
}
