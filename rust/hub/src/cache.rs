//! Where a repository lies in the cache that Hugging Face's tools share, and what is whole there.
//!
//! Files lie under their checksums in `blobs`, unfinished ones with `.incomplete` behind it. A
//! commit's directory in `snapshots` holds links to them, and `refs/main` names the commit. Whoever
//! writes a blob holds its lock in `.locks`, as Python's client does.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use headroom_formats::{Checkpoint, ConfigFile, read_bounded_optional};
use hf_hub::{Cache, CacheRepo, Repo};

use crate::checksum::Checksum;
use crate::error::HubError;
use crate::listing::{CommitHash, Listing, RemoteFile};
use crate::repository_id::{RepositoryId, RepositoryKind};

/// One repository's place in the cache.
pub(crate) struct CachedRepository {
    folder: PathBuf,
    locks: PathBuf,
    layout: CacheRepo,
}

impl CachedRepository {
    pub(crate) fn new(cache_directory: &Path, repository: &RepositoryId) -> Self {
        let repo = match repository.kind() {
            RepositoryKind::Model => Repo::model(repository.to_string()),
            RepositoryKind::Dataset => Repo::dataset(repository.to_string()),
        };
        let name = repo.folder_name();
        Self {
            folder: cache_directory.join(&name),
            locks: cache_directory.join(".locks").join(name),
            layout: Cache::new(cache_directory.to_path_buf()).repo(repo),
        }
    }

    /// The directory of the model last downloaded, if all of it is there. Only headers are read.
    pub(crate) fn model(&self) -> Option<PathBuf> {
        const MOST_BYTES: u64 = 128;
        let text = read_bounded_optional(&self.reference(), MOST_BYTES).ok()??;
        let commit = CommitHash::parse(std::str::from_utf8(&text).ok()?.trim())?;
        let snapshot = self.layout.pointer_path(commit.as_str());
        is_complete(&snapshot).then_some(snapshot)
    }

    /// Whether the whole file is there.
    pub(crate) fn has(&self, file: &RemoteFile) -> bool {
        let found = fs::metadata(self.blob(file.checksum));
        found.is_ok_and(|found| found.is_file() && found.len() == file.size_bytes)
    }

    /// Where a whole file lies.
    pub(crate) fn blob(&self, checksum: Checksum) -> PathBuf {
        self.folder.join("blobs").join(checksum.to_string())
    }

    /// Where a file lies while it is being downloaded.
    pub(crate) fn partial(&self, checksum: Checksum) -> PathBuf {
        self.folder
            .join("blobs")
            .join(format!("{checksum}.incomplete"))
    }

    /// The file whose lock whoever writes the blob must hold.
    pub(crate) fn lock(&self, checksum: Checksum) -> PathBuf {
        self.locks.join(format!("{checksum}.lock"))
    }

    /// How much of a file has arrived.
    pub(crate) fn arrived_bytes(&self, file: &RemoteFile) -> u64 {
        if self.has(file) {
            return file.size_bytes;
        }
        let found = fs::metadata(self.partial(file.checksum));
        found.map_or(0, |found| found.len().min(file.size_bytes))
    }

    /// Removes a file and what has arrived of it.
    pub(crate) fn remove(&self, checksum: Checksum) -> Result<(), HubError> {
        for path in [self.blob(checksum), self.partial(checksum)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(HubError::io("remove", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes a commit, whose files are all there, the current one, and gives its directory.
    pub(crate) fn publish(&self, listing: &Listing) -> Result<PathBuf, HubError> {
        let snapshot = self.layout.pointer_path(listing.commit.as_str());
        make_directory(&snapshot)?;
        // Without its configuration no directory is taken for a model, so that comes last.
        let (last, first): (Vec<_>, Vec<_>) = listing
            .files
            .iter()
            .partition(|file| file.name == "config.json");
        for file in first.into_iter().chain(last) {
            let target = Path::new("../../blobs").join(file.checksum.to_string());
            put(&snapshot.join(&file.name), |path| symlink(&target, path))?;
        }
        let reference = self.reference();
        make_directory(reference.parent().unwrap_or(&self.folder))?;
        put(&reference, |path| fs::write(path, listing.commit.as_str()))?;
        Ok(snapshot)
    }

    fn reference(&self) -> PathBuf {
        self.folder.join("refs").join("main")
    }
}

/// Whether a snapshot, made by whichever tool, can be loaded.
fn is_complete(snapshot: &Path) -> bool {
    ConfigFile::read(&snapshot.join("config.json")).is_ok()
        && snapshot.join("tokenizer.json").is_file()
        && Checkpoint::open(snapshot).is_ok()
}

pub(crate) fn make_directory(path: &Path) -> Result<(), HubError> {
    fs::create_dir_all(path).map_err(HubError::io("make the directory", path))
}

/// Makes something beside its final name and moves it there, whatever lay there before.
fn put(path: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), HubError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => make(&beside).and_then(|()| fs::rename(&beside, path)),
    }
    .map_err(HubError::io("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    /// Bytes that the gate takes for weights: a header without tensors.
    const NO_TENSORS: &[u8] = b"\x02\0\0\0\0\0\0\0{}";

    fn repository(cache: &Path) -> CachedRepository {
        CachedRepository::new(cache, &"owner/name".parse().unwrap())
    }

    fn file(name: &str, digit: char) -> RemoteFile {
        RemoteFile {
            name: name.to_owned(),
            size_bytes: 2,
            checksum: Checksum::git_blob(&digit.to_string().repeat(40)).unwrap(),
        }
    }

    fn listing() -> Listing {
        Listing {
            commit: CommitHash::parse(COMMIT).unwrap(),
            files: vec![
                file("config.json", 'a'),
                file("tokenizer.json", 'b'),
                file("model.safetensors", 'c'),
            ],
        }
    }

    fn write_blobs(cached: &CachedRepository) {
        for (file, bytes) in listing()
            .files
            .iter()
            .zip([b"{}".as_slice(), b"{}", NO_TENSORS])
        {
            let blob = cached.blob(file.checksum);
            fs::create_dir_all(blob.parent().unwrap()).unwrap();
            fs::write(blob, bytes).unwrap();
        }
    }

    #[test]
    fn the_layout_is_the_one_that_other_tools_know() {
        let folder = tempfile::tempdir().unwrap();
        let cached = repository(folder.path());
        write_blobs(&cached);
        let snapshot = cached.publish(&listing()).unwrap();
        let repository = folder.path().join("models--owner--name");
        assert_eq!(snapshot, repository.join("snapshots").join(COMMIT));
        assert_eq!(
            fs::read_to_string(repository.join("refs/main")).unwrap(),
            COMMIT
        );
        let link = fs::read_link(snapshot.join("config.json")).unwrap();
        assert_eq!(link, Path::new("../../blobs").join("a".repeat(40)));
        let names = fs::read_dir(&snapshot).unwrap().count();
        assert_eq!(names, 3);
    }

    #[test]
    fn a_published_model_is_found_again_and_publishing_twice_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cached = repository(folder.path());
        assert_eq!(cached.model(), None);
        write_blobs(&cached);
        let snapshot = cached.publish(&listing()).unwrap();
        assert_eq!(cached.publish(&listing()).unwrap(), snapshot);
        assert_eq!(cached.model(), Some(snapshot));
    }

    #[test]
    fn a_snapshot_that_lacks_a_file_is_no_model() {
        for missing in ["config.json", "tokenizer.json", "model.safetensors"] {
            let folder = tempfile::tempdir().unwrap();
            let cached = repository(folder.path());
            write_blobs(&cached);
            let snapshot = cached.publish(&listing()).unwrap();
            fs::remove_file(snapshot.join(missing)).unwrap();
            assert_eq!(cached.model(), None, "{missing}");
        }
    }

    #[test]
    fn a_reference_that_is_no_commit_leads_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let cached = repository(folder.path());
        write_blobs(&cached);
        cached.publish(&listing()).unwrap();
        for text in ["../../../elsewhere", "", "main", &"a".repeat(1000)] {
            fs::write(cached.reference(), text).unwrap();
            assert_eq!(cached.model(), None, "{text}");
        }
    }

    #[test]
    fn a_file_of_another_length_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let cached = repository(folder.path());
        write_blobs(&cached);
        let config = file("config.json", 'a');
        assert!(cached.has(&config));
        fs::write(cached.blob(config.checksum), "{").unwrap();
        assert!(!cached.has(&config));
        assert_eq!(cached.arrived_bytes(&config), 0);
        fs::write(cached.partial(config.checksum), "{").unwrap();
        assert_eq!(cached.arrived_bytes(&config), 1);
    }
}
