//! JSON lines: a document to a line.

use std::path::Path;

use super::block::Block;
use super::bounded_line::{BoundedLines, LineEnd};
use super::fault::ShardFault;
use crate::data::content::{Content, Document};
use crate::data::position::{Part, Position};

/// Longest line that is read; a longer one is left out.
const LINE_BYTES: usize = 16 << 20;

/// A file of JSON lines that is being read.
pub(crate) struct JsonLines {
    lines: BoundedLines,
    content: Content,
    /// The line that comes next, from 0, and its byte.
    at: Position,
    until: Option<Position>,
}

impl JsonLines {
    pub(super) fn open(path: &Path, content: Content, part: Part) -> Result<Self, ShardFault> {
        Ok(Self {
            lines: BoundedLines::open(path, part.from.offset)?,
            content,
            at: part.from,
            until: part.until,
        })
    }

    pub(super) fn next_block(&mut self) -> Result<Option<Block>, ShardFault> {
        let mut block = Block::default();
        let before = self.at;
        while !block.is_full() && self.until.is_none_or(|until| self.at < until) {
            let number = self.at.group.saturating_add(1);
            match self.next_document()? {
                None => break,
                Some(Ok(Some(document))) => block.push(document),
                Some(Ok(None)) => {}
                Some(Err(reason)) => block.leave_out(format!("line {number}: {reason}")),
            }
        }
        block.next = self.at;
        Ok((self.at > before).then_some(block))
    }

    /// The next line: a document, nothing where it is blank, or what is wrong with it.
    fn next_document(&mut self) -> Result<Option<Result<Option<Document>, String>>, ShardFault> {
        let Some((line, end)) = self.lines.next(LINE_BYTES)? else {
            return Ok(None);
        };
        let document = match (end, std::str::from_utf8(line)) {
            (LineEnd::Limit, _) => Err(format!("it has more than {LINE_BYTES} bytes")),
            (_, Err(_)) => Err("it is not UTF-8".to_owned()),
            (_, Ok(line)) if line.trim().is_empty() => Ok(None),
            (_, Ok(line)) => self.content.read_line(line).map(Some),
        };
        if end == LineEnd::Limit {
            self.lines.skip_line()?;
        }
        self.at = Position {
            group: self.at.group.saturating_add(1),
            offset: self.lines.offset(),
        };
        Ok(Some(document))
    }
}

/// The first line at or behind 99 hundredths of the file, else the last one that is not the first.
pub(super) fn hold_out(path: &Path) -> Result<Option<Position>, ShardFault> {
    let length_bytes = std::fs::metadata(path)?.len();
    let mut lines = BoundedLines::open(path, 0)?;
    let (mut at, mut found) = (Position::default(), None);
    loop {
        let Some((line, end)) = lines.next(LINE_BYTES)? else {
            return Ok(found);
        };
        let is_blank = line.iter().all(u8::is_ascii_whitespace);
        if end == LineEnd::Limit {
            lines.skip_line()?;
        }
        if !is_blank && at.offset > 0 {
            found = Some(at);
        }
        if found.is_some() && at.offset >= length_bytes - length_bytes / 100 {
            return Ok(found);
        }
        at = Position {
            group: at.group.saturating_add(1),
            offset: lines.offset(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.jsonl");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn line(text: &str) -> String {
        format!("{}\n", serde_json::json!({ "text": text }))
    }

    #[test]
    fn bad_lines_are_left_out_with_their_number_and_blank_ones_without_a_word() {
        let text = [line("one"), "\n{\n".to_owned(), line("two")].concat();
        let (_folder, path) = written(&[text.as_bytes(), b"\"\xff\"\n"].concat());
        let mut lines = JsonLines::open(&path, Content::Text, Part::default()).unwrap();
        let block = lines.next_block().unwrap().unwrap();
        let expected = ["one", "two"].map(|text| Document::Text(text.to_owned()));
        assert_eq!(block.documents, expected);
        assert_eq!(block.unreadable.len(), 2);
        assert!(block.unreadable[0].starts_with("line 3: it is not the JSON"));
        assert_eq!(block.unreadable[1], "line 5: it is not UTF-8");
        assert!(lines.next_block().unwrap().is_none());
    }

    #[test]
    fn the_last_hundredth_is_held_out_and_what_is_before_it_is_the_rest() {
        let text: String = (0..500)
            .map(|number| line(&format!("text {number:03}")))
            .collect();
        let (_folder, path) = written(text.as_bytes());
        let until = hold_out(&path).unwrap();
        let all = |part| {
            let mut lines = JsonLines::open(&path, Content::Text, part).unwrap();
            lines.next_block().unwrap().unwrap().documents
        };
        let training = all(Part {
            from: Position::default(),
            until,
        });
        let validation = all(Part {
            from: until.unwrap(),
            until: None,
        });
        assert_eq!((training.len(), validation.len()), (495, 5));
        assert_eq!(validation[0], Document::Text("text 495".to_owned()));
    }

    #[test]
    fn a_file_of_two_documents_holds_out_one_and_of_one_none() {
        let (_folder, path) = written(
            [line("long ".repeat(99).as_str()), line("b")]
                .concat()
                .as_bytes(),
        );
        assert_eq!(hold_out(&path).unwrap().unwrap().group, 1);
        let (_folder, path) = written(format!("{}\n\n", line("only")).as_bytes());
        assert_eq!(hold_out(&path).unwrap(), None);
    }
}
