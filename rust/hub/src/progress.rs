//! How far a download has come, told to whoever asked for it, who may stop it.

use std::ops::ControlFlow;

use crate::error::HubError;
use crate::repository_id::RepositoryId;

/// How far a download has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DownloadProgress<'a> {
    /// The file that is arriving; empty while the list of files is asked for.
    pub file: &'a str,
    /// Bytes on the disk, of all needed files.
    pub done_bytes: u64,
    /// Bytes of all needed files; 0 while the list of files is asked for.
    pub total_bytes: u64,
}

/// Hears of every piece that arrives, and stops the download by breaking.
pub type OnProgress<'a> = &'a mut dyn FnMut(DownloadProgress) -> ControlFlow<()>;

/// The figures of one download.
pub(crate) struct Tracker<'a> {
    repository: &'a RepositoryId,
    on_progress: OnProgress<'a>,
    file: String,
    before_bytes: u64,
    in_file_bytes: u64,
    total_bytes: u64,
}

impl<'a> Tracker<'a> {
    pub(crate) fn new(repository: &'a RepositoryId, on_progress: OnProgress<'a>) -> Self {
        Self {
            repository,
            on_progress,
            file: String::new(),
            before_bytes: 0,
            in_file_bytes: 0,
            total_bytes: 0,
        }
    }

    pub(crate) fn expect(&mut self, total_bytes: u64) {
        self.total_bytes = total_bytes;
    }

    /// Goes on to the next file, with what was done of the last one.
    pub(crate) fn begin(&mut self, file: &str) {
        self.before_bytes = self.before_bytes.saturating_add(self.in_file_bytes);
        self.in_file_bytes = 0;
        file.clone_into(&mut self.file);
    }

    /// Tells how much of the file at hand is on the disk.
    ///
    /// # Errors
    /// [`HubError::Stopped`] if the listener wants no more.
    pub(crate) fn reached(&mut self, in_file_bytes: u64) -> Result<(), HubError> {
        self.in_file_bytes = in_file_bytes;
        self.tell()
    }

    /// Tells the same again, so that the listener can stop a pause.
    pub(crate) fn tell(&mut self) -> Result<(), HubError> {
        let done_bytes = self.before_bytes.saturating_add(self.in_file_bytes);
        let progress = DownloadProgress {
            file: &self.file,
            done_bytes,
            total_bytes: self.total_bytes,
        };
        match (self.on_progress)(progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(HubError::Stopped {
                repository: self.repository.to_string(),
                done_bytes,
                total_bytes: self.total_bytes,
            }),
        }
    }
}
