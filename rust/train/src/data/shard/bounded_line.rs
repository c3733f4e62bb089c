//! Lines of a file, of which no more than a limit is ever held.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

/// Reads a file line by line and knows at which byte it is.
pub(super) struct BoundedLines {
    reader: BufReader<File>,
    offset: u64,
    line: Vec<u8>,
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnd {
    /// With a line feed, or with the file.
    Whole,
    /// The limit came before.
    Limit,
}

impl BoundedLines {
    /// Opens a file at a byte.
    pub(super) fn open(path: &Path, offset: u64) -> io::Result<Self> {
        const BUFFER_BYTES: usize = 256 << 10;
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, File::open(path)?);
        reader.seek(SeekFrom::Start(offset))?;
        Ok(Self {
            reader,
            offset,
            line: Vec::new(),
        })
    }

    /// The byte that follows what was read.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next line without its line feed, or as much of it as the limit lets through; `None` at
    /// the end of the file.
    pub(super) fn next(&mut self, limit_bytes: usize) -> io::Result<Option<(&[u8], LineEnd)>> {
        self.line.clear();
        let before = self.offset;
        let end = loop {
            let buffer = self.reader.fill_buf()?;
            let room = limit_bytes - self.line.len();
            let window = buffer.get(..room).unwrap_or(buffer);
            let feed = window.iter().position(|byte| *byte == b'\n');
            let taken = feed.unwrap_or(window.len());
            self.line.extend_from_slice(&window[..taken]);
            let consumed = taken + usize::from(feed.is_some());
            let is_at_end = buffer.is_empty();
            self.reader.consume(consumed);
            self.offset = self.offset.saturating_add(consumed as u64);
            if feed.is_some() || is_at_end {
                break LineEnd::Whole;
            }
            if self.line.len() == limit_bytes {
                break LineEnd::Limit;
            }
        };
        Ok((self.offset > before).then_some((self.line.as_slice(), end)))
    }

    /// Goes past the next line feed, or to the end of the file.
    pub(super) fn skip_line(&mut self) -> io::Result<()> {
        const PIECE_BYTES: usize = 64 << 10;
        while let Some((_, LineEnd::Limit)) = self.next(PIECE_BYTES)? {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, limit_bytes: usize) -> Vec<(String, LineEnd, u64)> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        std::fs::write(&path, text).unwrap();
        let mut lines = BoundedLines::open(&path, 0).unwrap();
        let mut found = Vec::new();
        while let Some((line, end)) = lines.next(limit_bytes).unwrap() {
            let line = String::from_utf8(line.to_vec()).unwrap();
            found.push((line, end, lines.offset()));
        }
        found
    }

    #[test]
    fn lines_end_with_a_line_feed_the_file_or_the_limit() {
        let whole = |line: &str, offset| (line.to_owned(), LineEnd::Whole, offset);
        assert_eq!(lines("", 9), []);
        assert_eq!(
            lines("a\n\nb", 9),
            [whole("a", 2), whole("", 3), whole("b", 4)]
        );
        assert_eq!(
            lines("abcde\n", 3),
            [("abc".to_owned(), LineEnd::Limit, 3), whole("de", 6)]
        );
    }
}
