//! Opening and reading files whose length, kind and content nobody vouches for.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use crate::error::FormatError;

/// Reads a whole regular file of at most `limit_bytes`.
///
/// # Errors
/// When the file is missing, unreadable, no regular file, or longer than the limit, also when it
/// grows past the limit while it is being read.
pub fn read_bounded(path: &Path, limit_bytes: u64) -> Result<Vec<u8>, FormatError> {
    let (file, length_bytes) = open_regular(path)?;
    if length_bytes > limit_bytes {
        return Err(too_large(path, length_bytes, limit_bytes));
    }
    let mut bytes = reserve(path, "the whole file", length_bytes)?;
    // One byte past the limit tells a file that grew from one that fits.
    file.take(limit_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| io_error("read", path, source))?;
    if bytes.len() as u64 > limit_bytes {
        return Err(too_large(path, bytes.len() as u64, limit_bytes));
    }
    Ok(bytes)
}

/// As [`read_bounded`], with `None` when nothing lies at the path.
///
/// A symbolic link that leads nowhere is an error, not an absence: it is what an interrupted
/// download leaves behind.
///
/// # Errors
/// As [`read_bounded`].
pub fn read_bounded_optional(
    path: &Path,
    limit_bytes: u64,
) -> Result<Option<Vec<u8>>, FormatError> {
    if exists(path)? {
        read_bounded(path, limit_bytes).map(Some)
    } else {
        Ok(None)
    }
}

/// Whether anything, be it a broken link, lies at the path.
pub(crate) fn exists(path: &Path) -> Result<bool, FormatError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(io_error("look at", path, source)),
    }
}

/// Opens a regular file for reading and gives its length in bytes.
pub(crate) fn open_regular(path: &Path) -> Result<(File, u64), FormatError> {
    let before = fs::metadata(path).map_err(|source| io_error("open", path, source))?;
    refuse_irregular(path, before.file_type())?;
    // A pipe put in the file's place after that look would block the opening for ever.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .map_err(|source| io_error("open", path, source))?;
    let opened = file
        .metadata()
        .map_err(|source| io_error("open", path, source))?;
    refuse_irregular(path, opened.file_type())?;
    Ok((file, opened.len()))
}

/// An empty vector with room for `needed_bytes`, or a typed error instead of an abort.
pub(crate) fn reserve(path: &Path, what: &str, needed_bytes: u64) -> Result<Vec<u8>, FormatError> {
    let out_of_memory = || FormatError::OutOfMemory {
        path: path.to_path_buf(),
        what: what.to_owned(),
        needed_bytes,
    };
    let length = usize::try_from(needed_bytes).map_err(|_| out_of_memory())?;
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(length)
        .map_err(|_| out_of_memory())?;
    Ok(bytes)
}

/// Wraps what the system said with the path it said it about.
pub(crate) fn io_error(action: &'static str, path: &Path, source: io::Error) -> FormatError {
    FormatError::Io {
        action,
        path: path.to_path_buf(),
        source,
    }
}

fn refuse_irregular(path: &Path, file_type: FileType) -> Result<(), FormatError> {
    if file_type.is_file() {
        return Ok(());
    }
    let kind = if file_type.is_dir() {
        "a directory"
    } else if file_type.is_fifo() {
        "a named pipe"
    } else if file_type.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(FormatError::NotARegularFile {
        path: path.to_path_buf(),
        kind,
    })
}

fn too_large(path: &Path, actual_bytes: u64, limit_bytes: u64) -> FormatError {
    FormatError::TooLarge {
        path: path.to_path_buf(),
        actual_bytes,
        limit_bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_at_the_limit_is_read_and_one_past_it_is_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("small");
        fs::write(&path, b"12345").expect("a file");
        assert_eq!(read_bounded(&path, 5).expect("five bytes"), b"12345");
        assert!(matches!(
            read_bounded(&path, 4),
            Err(FormatError::TooLarge {
                actual_bytes: 5,
                limit_bytes: 4,
                ..
            })
        ));
    }

    #[test]
    fn directories_and_devices_are_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        for path in [directory.path(), Path::new("/dev/zero")] {
            assert!(
                matches!(
                    read_bounded(path, 10),
                    Err(FormatError::NotARegularFile { .. })
                ),
                "{path:?}"
            );
        }
    }

    #[test]
    fn a_named_pipe_is_refused_without_waiting_for_a_writer() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo runs").success());
        assert!(matches!(
            read_bounded(&path, 10),
            Err(FormatError::NotARegularFile {
                kind: "a named pipe",
                ..
            })
        ));
    }

    #[test]
    fn a_missing_file_is_none_but_a_broken_link_is_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("absent");
        assert!(matches!(read_bounded_optional(&path, 10), Ok(None)));
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        assert!(matches!(
            read_bounded_optional(&link, 10),
            Err(FormatError::Io { .. })
        ));
    }

    #[test]
    fn an_impossible_allocation_is_an_error() {
        assert!(matches!(
            reserve(Path::new("x"), "tensor", u64::MAX),
            Err(FormatError::OutOfMemory { .. })
        ));
    }
}
