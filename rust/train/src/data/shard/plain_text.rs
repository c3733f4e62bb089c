//! Plain text: a line `<|endoftext|>` ends a document, as in the corpora that come as one file.

use std::path::Path;

use super::block::Block;
use super::bounded_line::{BoundedLines, LineEnd};
use super::fault::ShardFault;
use crate::data::content::Document;
use crate::data::position::{Part, Position};

/// The line between two documents.
const SEPARATOR: &[u8] = b"<|endoftext|>";
/// A document that is longer is read in parts that end with a line, or here if that is longer.
const PART_BYTES: usize = 1 << 20;

/// A text file that is being read.
pub(crate) struct PlainText {
    lines: BoundedLines,
    /// The beginning of a character that the limit has cut.
    carried: Vec<u8>,
    until: Option<Position>,
}

impl PlainText {
    pub(super) fn open(path: &Path, part: Part) -> Result<Self, ShardFault> {
        Ok(Self {
            lines: BoundedLines::open(path, part.from.offset)?,
            carried: Vec::new(),
            until: part.until,
        })
    }

    pub(super) fn next_block(&mut self) -> Result<Option<Block>, ShardFault> {
        let mut block = Block::default();
        let before = self.at();
        while !block.is_full() && self.until.is_none_or(|until| self.at() < until) {
            let from = self.at().offset;
            let Some(document) = self.next_document()? else {
                break;
            };
            match String::from_utf8(document) {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => block.push(Document::Text(text)),
                Err(_) => block.leave_out(format!("the text at byte {from} is not UTF-8")),
            }
        }
        block.next = self.at();
        Ok((block.next > before).then_some(block))
    }

    fn at(&self) -> Position {
        Position {
            group: 0,
            offset: self
                .lines
                .offset()
                .saturating_sub(self.carried.len() as u64),
        }
    }

    /// The bytes up to the next separator, or a part of them; `None` at the end of the file.
    fn next_document(&mut self) -> Result<Option<Vec<u8>>, ShardFault> {
        let mut document = std::mem::take(&mut self.carried);
        let until = self.until.map_or(u64::MAX, |until| until.offset);
        let mut has_read = !document.is_empty();
        while document.len() < PART_BYTES && self.lines.offset() < until {
            let Some((line, end)) = self.lines.next(PART_BYTES)? else {
                break;
            };
            has_read = true;
            match end {
                LineEnd::Whole if is_separator(line) => break,
                LineEnd::Whole => {
                    document.extend_from_slice(line);
                    document.push(b'\n');
                }
                LineEnd::Limit => {
                    document.extend_from_slice(line);
                    self.carried = take_cut_character(&mut document);
                    break;
                }
            }
        }
        // The line feed before a separator, or at the end, belongs to no text.
        if document.last() == Some(&b'\n') {
            document.pop();
        }
        Ok(has_read.then_some(document))
    }
}

fn is_separator(line: &[u8]) -> bool {
    line.strip_suffix(b"\r").unwrap_or(line) == SEPARATOR
}

/// Takes the beginning of a character off the end of a text.
fn take_cut_character(text: &mut Vec<u8>) -> Vec<u8> {
    match std::str::from_utf8(text) {
        Err(error) if error.error_len().is_none() => text.split_off(error.valid_up_to()),
        _ => Vec::new(),
    }
}

/// The first document that begins at or behind 99 hundredths of the file, else the first such line,
/// else the last line that is not the first.
pub(super) fn hold_out(path: &Path) -> Result<Option<Position>, ShardFault> {
    let length_bytes = std::fs::metadata(path)?.len();
    let from_byte = length_bytes - length_bytes / 100;
    let mut lines = BoundedLines::open(path, 0)?;
    let (mut last_line, mut first_line, mut is_after_separator) = (None, None, false);
    loop {
        let offset = lines.offset();
        let Some((line, end)) = lines.next(PART_BYTES)? else {
            return Ok(first_line.or(last_line));
        };
        let (is_separator, is_blank) = (is_separator(line), line.trim_ascii().is_empty());
        let here = Some(Position { group: 0, offset });
        if offset > 0 && !is_separator && !is_blank {
            last_line = here;
            if offset >= from_byte {
                first_line = first_line.or(here);
                if is_after_separator {
                    return Ok(here);
                }
            }
        }
        is_after_separator = is_separator || (is_blank && is_after_separator);
        if end == LineEnd::Limit {
            lines.skip_line()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.txt");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn documents(path: &Path, part: Part) -> (Vec<String>, usize) {
        let mut text = PlainText::open(path, part).unwrap();
        let (mut documents, mut unreadable) = (Vec::new(), 0);
        while let Some(block) = text.next_block().unwrap() {
            unreadable += block.unreadable.len();
            documents.extend(block.documents.into_iter().map(|document| match document {
                Document::Text(text) => text,
                Document::Conversation(_) => panic!("no text"),
            }));
        }
        (documents, unreadable)
    }

    #[test]
    fn a_line_of_its_own_ends_a_document() {
        let (_folder, path) = written(
            b"one\nline\n<|endoftext|>\n\n<|endoftext|>\r\ntwo <|endoftext|>\n<|endoftext|>\n",
        );
        let (documents, unreadable) = documents(&path, Part::default());
        assert_eq!(documents, ["one\nline", "two <|endoftext|>"]);
        assert_eq!(unreadable, 0);
    }

    #[test]
    fn a_document_that_is_no_utf_8_is_left_out_and_the_next_is_read() {
        let (_folder, path) = written(b"gr\xfc\xdfe\n<|endoftext|>\ngreetings");
        assert_eq!(
            documents(&path, Part::default()),
            (vec!["greetings".to_owned()], 1)
        );
    }

    #[test]
    fn a_long_line_is_cut_between_characters_and_loses_nothing() {
        let text = "ä".repeat(PART_BYTES);
        let (_folder, path) = written(format!("x{text}").as_bytes());
        let (documents, unreadable) = documents(&path, Part::default());
        assert_eq!(unreadable, 0);
        assert_eq!(documents.concat(), format!("x{text}"));
        assert!(
            documents
                .iter()
                .all(|document| document.len() <= PART_BYTES + 4)
        );
    }

    #[test]
    fn every_block_can_be_read_from_where_the_one_before_ended() {
        let text = "ä".repeat(PART_BYTES * 5 / 2) + "\n<|endoftext|>\nend";
        let (_folder, path) = written(text.as_bytes());
        let mut through = PlainText::open(&path, Part::default()).unwrap();
        let mut from = Position::default();
        while let Some(block) = through.next_block().unwrap() {
            let mut again = PlainText::open(&path, Part { from, until: None }).unwrap();
            assert_eq!(
                again.next_block().unwrap().unwrap().documents,
                block.documents
            );
            from = block.next;
        }
    }

    #[test]
    fn documents_behind_99_hundredths_are_held_out() {
        let text = "word word word\n<|endoftext|>\n".repeat(200);
        let (_folder, path) = written(text.as_bytes());
        let until = hold_out(&path).unwrap();
        let training = documents(
            &path,
            Part {
                from: Position::default(),
                until,
            },
        )
        .0;
        let validation = documents(
            &path,
            Part {
                from: until.unwrap(),
                until: None,
            },
        )
        .0;
        assert_eq!((training.len(), validation.len()), (198, 2));
    }

    #[test]
    fn a_text_without_separators_holds_out_its_last_lines_and_a_line_nothing() {
        let (_folder, path) = written("a line of text\n".repeat(200).as_bytes());
        let until = hold_out(&path).unwrap().unwrap();
        assert_eq!(until.offset, 198 * 15);
        let training = Part {
            from: Position::default(),
            until: Some(until),
        };
        assert_eq!(documents(&path, training).0.concat().lines().count(), 198);
        let (_folder, path) = written(b"a single line\n\n<|endoftext|>\n");
        assert_eq!(hold_out(&path).unwrap(), None);
    }
}
