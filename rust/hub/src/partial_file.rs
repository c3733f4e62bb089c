//! A file while it arrives: never longer than announced, and moved into the cache only when whole.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use crate::cache::{CachedRepository, make_directory};
use crate::checksum::Digester;
use crate::error::HubError;
use crate::listing::RemoteFile;

/// What has arrived of a file, checksum included. While it lives, no other program writes it.
pub(crate) struct PartialFile<'a> {
    remote: &'a RemoteFile,
    path: PathBuf,
    final_path: PathBuf,
    file: File,
    length_bytes: u64,
    digester: Digester,
    _lock: File,
}

impl<'a> PartialFile<'a> {
    /// Opens what an earlier download left, or begins anew.
    ///
    /// # Errors
    /// [`HubError::Busy`] if another program downloads the file, [`HubError::Io`] if the cache
    /// cannot be written.
    pub(crate) fn open(
        cached: &CachedRepository,
        remote: &'a RemoteFile,
    ) -> Result<Self, HubError> {
        let path = cached.partial(remote.checksum);
        make_directory(path.parent().unwrap_or(&path))?;
        let lock = lock(cached, remote)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(HubError::io("write", &path))?;
        let mut partial = Self {
            digester: Digester::new(remote.checksum, remote.size_bytes),
            final_path: cached.blob(remote.checksum),
            length_bytes: 0,
            remote,
            path,
            file,
            _lock: lock,
        };
        partial.count_what_is_there()?;
        Ok(partial)
    }

    /// How much has arrived.
    pub(crate) fn length_bytes(&self) -> u64 {
        self.length_bytes
    }

    /// Whether all has arrived.
    pub(crate) fn is_full(&self) -> bool {
        self.length_bytes == self.remote.size_bytes
    }

    /// Adds what has come.
    ///
    /// # Errors
    /// [`HubError::WrongSize`] if that is more than was announced; then nothing is kept.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), HubError> {
        let length_bytes = self.length_bytes.saturating_add(bytes.len() as u64);
        if length_bytes > self.remote.size_bytes {
            self.restart()?;
            return Err(HubError::WrongSize {
                file: self.remote.name.clone(),
                announced_bytes: self.remote.size_bytes,
                found: "more arrive".to_owned(),
            });
        }
        let written = self.file.write_all(bytes);
        written.map_err(HubError::io("write", &self.path))?;
        self.digester.update(bytes);
        self.length_bytes = length_bytes;
        Ok(())
    }

    /// Throws away what has arrived.
    pub(crate) fn restart(&mut self) -> Result<(), HubError> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(HubError::io("empty", &self.path))?;
        self.length_bytes = 0;
        self.digester = Digester::new(self.remote.checksum, self.remote.size_bytes);
        Ok(())
    }

    /// Moves the whole file into the cache.
    ///
    /// # Errors
    /// [`HubError::WrongChecksum`] if the bytes are not those announced; then nothing is kept.
    pub(crate) fn finish(mut self) -> Result<(), HubError> {
        if self.digester.clone().finish() != self.remote.checksum {
            self.restart()?;
            return Err(HubError::WrongChecksum {
                file: self.remote.name.clone(),
            });
        }
        let moved = self.file.sync_all();
        let moved = moved.and_then(|()| fs::rename(&self.path, &self.final_path));
        moved.map_err(HubError::io("finish", &self.final_path))
    }

    fn count_what_is_there(&mut self) -> Result<(), HubError> {
        let found = self.file.metadata();
        let found_bytes = found.map_err(HubError::io("read", &self.path))?.len();
        if found_bytes > self.remote.size_bytes {
            return self.restart();
        }
        const PIECE_BYTES: usize = 1 << 20;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let read = self.file.read(&mut piece);
            let length = read.map_err(HubError::io("read", &self.path))?;
            let Some(bytes) = piece.get(..length).filter(|bytes| !bytes.is_empty()) else {
                break;
            };
            self.digester.update(bytes);
            self.length_bytes = self.length_bytes.saturating_add(length as u64);
        }
        let end = self.file.seek(SeekFrom::Start(self.length_bytes));
        end.map(|_| ()).map_err(HubError::io("read", &self.path))
    }
}

fn lock(cached: &CachedRepository, remote: &RemoteFile) -> Result<File, HubError> {
    let path = cached.lock(remote.checksum);
    make_directory(path.parent().unwrap_or(&path))?;
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let lock = lock.map_err(HubError::io("write", &path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(HubError::Busy {
            file: remote.name.clone(),
        }),
        Err(TryLockError::Error(source)) => Err(HubError::io("lock", &path)(source)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::checksum::Checksum;

    fn hello() -> RemoteFile {
        RemoteFile {
            name: "config.json".to_owned(),
            size_bytes: 6,
            checksum: Checksum::git_blob("ce013625030ba8dba906f756967f9e9ca394464a").unwrap(),
        }
    }

    fn cached(folder: &Path) -> CachedRepository {
        CachedRepository::new(folder, &"owner/name".parse().unwrap())
    }

    #[test]
    fn what_has_arrived_is_counted_again_when_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (cached, hello) = (cached(folder.path()), hello());
        let mut partial = PartialFile::open(&cached, &hello).unwrap();
        partial.append(b"hel").unwrap();
        drop(partial);
        let mut partial = PartialFile::open(&cached, &hello).unwrap();
        assert_eq!(partial.length_bytes(), 3);
        partial.append(b"lo\n").unwrap();
        assert!(partial.is_full());
        partial.finish().unwrap();
        assert_eq!(fs::read(cached.blob(hello.checksum)).unwrap(), b"hello\n");
        assert!(!cached.partial(hello.checksum).exists());
    }

    #[test]
    fn other_bytes_than_announced_are_thrown_away() {
        let folder = tempfile::tempdir().unwrap();
        let (cached, hello) = (cached(folder.path()), hello());
        let mut partial = PartialFile::open(&cached, &hello).unwrap();
        partial.append(b"hullo\n").unwrap();
        assert!(matches!(
            partial.finish(),
            Err(HubError::WrongChecksum { .. })
        ));
        assert!(!cached.blob(hello.checksum).exists());
        assert_eq!(cached.arrived_bytes(&hello), 0);
    }

    #[test]
    fn more_bytes_than_announced_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (cached, hello) = (cached(folder.path()), hello());
        let mut partial = PartialFile::open(&cached, &hello).unwrap();
        partial.append(b"hello").unwrap();
        assert!(matches!(
            partial.append(b"\n\n"),
            Err(HubError::WrongSize { .. })
        ));
        assert_eq!(cached.arrived_bytes(&hello), 0);
    }

    #[test]
    fn a_partial_file_longer_than_announced_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (cached, hello) = (cached(folder.path()), hello());
        drop(PartialFile::open(&cached, &hello).unwrap());
        fs::write(cached.partial(hello.checksum), b"hello\nhello\n").unwrap();
        assert_eq!(
            PartialFile::open(&cached, &hello).unwrap().length_bytes(),
            0
        );
    }

    #[test]
    fn two_cannot_write_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let (cached, hello) = (cached(folder.path()), hello());
        let first = PartialFile::open(&cached, &hello).unwrap();
        let second = PartialFile::open(&cached, &hello);
        assert!(matches!(second, Err(HubError::Busy { .. })));
        drop(first);
        assert!(PartialFile::open(&cached, &hello).is_ok());
    }
}
