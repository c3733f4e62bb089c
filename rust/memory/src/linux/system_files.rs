//! The system's file tree, kept open.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Files of the system, read again and again. Its root is a parameter so that
/// tests can build a system of their own.
///
/// A file stays open once it was read, for opening one costs several times what
/// reading it does; the kernel writes its text anew for each read. An open file
/// of `/proc/self` belongs to the process that opened it: a forked child needs
/// files of its own.
#[derive(Debug)]
pub(super) struct SystemFiles {
    root: PathBuf,
    open: RefCell<OpenFiles>,
}

#[derive(Debug)]
struct OpenFiles {
    by_name: HashMap<String, File>,
    buffer: Vec<u8>,
}

/// More than these files hold on most systems; it grows where they hold more.
const USUAL_BYTES: usize = 8 << 10;
const MOST_BYTES: usize = 1 << 20;

impl SystemFiles {
    pub(super) fn at(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            open: RefCell::new(OpenFiles {
                by_name: HashMap::new(),
                buffer: vec![0; USUAL_BYTES],
            }),
        }
    }

    /// Where a file with this absolute name really lies.
    pub(super) fn locate(&self, absolute: &str) -> PathBuf {
        self.root.join(Path::new(absolute.trim_start_matches('/')))
    }

    /// The file's text, `None` if it cannot be read or is not text.
    pub(super) fn read(&self, absolute: &str) -> Option<String> {
        self.try_read(absolute).ok()
    }

    /// An open file whose control group was removed cannot be read any more,
    /// and another of that name may stand in its place: so it is opened anew.
    pub(super) fn try_read(&self, absolute: &str) -> io::Result<String> {
        let OpenFiles { by_name, buffer } = &mut *self.open.borrow_mut();
        if let Some(file) = by_name.get(absolute) {
            match text(file, buffer) {
                Ok(text) => return Ok(text),
                Err(_) => by_name.remove(absolute),
            };
        }
        let file = File::open(self.locate(absolute))?;
        let text = text(&file, buffer)?;
        by_name.insert(absolute.to_owned(), file);
        Ok(text)
    }
}

/// All of the file in one call, for the kernel writes each of them in one piece.
fn text(file: &File, buffer: &mut Vec<u8>) -> io::Result<String> {
    loop {
        let length = file.read_at(buffer, 0)?;
        if length < buffer.len() {
            let text = str::from_utf8(&buffer[..length]);
            return text
                .map(str::to_owned)
                .map_err(|_| io::ErrorKind::InvalidData.into());
        }
        if length >= MOST_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        buffer.resize(length * 2, 0);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn system() -> (tempfile::TempDir, SystemFiles) {
        let root = tempfile::tempdir().unwrap();
        let files = SystemFiles::at(root.path());
        (root, files)
    }

    #[test]
    fn a_file_that_is_kept_open_tells_what_is_in_it_now() {
        let (root, files) = system();
        for text in ["long before", "after"] {
            fs::write(root.path().join("file"), text).unwrap();
            assert_eq!(files.read("/file").as_deref(), Some(text));
        }
    }

    #[test]
    fn a_file_that_appears_later_is_read_then() {
        let (root, files) = system();
        assert_eq!(files.read("/file"), None);
        fs::write(root.path().join("file"), "text").unwrap();
        assert_eq!(files.read("/file").as_deref(), Some("text"));
    }

    #[test]
    fn a_file_is_opened_once() {
        let (root, files) = system();
        fs::write(root.path().join("file"), "text").unwrap();
        files.read("/file");
        fs::remove_file(root.path().join("file")).unwrap();
        assert_eq!(files.read("/file").as_deref(), Some("text"));
    }

    #[test]
    fn a_file_of_any_size_is_read_whole_up_to_a_mebibyte() {
        let (root, files) = system();
        for size in [USUAL_BYTES - 1, USUAL_BYTES, 5 * USUAL_BYTES] {
            fs::write(root.path().join("file"), vec![b'x'; size]).unwrap();
            assert_eq!(files.read("/file").map(|text| text.len()), Some(size));
        }
        fs::write(root.path().join("file"), vec![b'x'; MOST_BYTES]).unwrap();
        assert_eq!(files.read("/file"), None);
    }

    #[test]
    fn what_is_no_text_cannot_be_read() {
        let (root, files) = system();
        fs::write(root.path().join("file"), [0xff, 0xfe]).unwrap();
        assert_eq!(files.read("/file"), None);
    }
}
