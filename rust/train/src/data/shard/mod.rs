//! A shard as a sequence of blocks of documents, whatever its kind.

mod bounded_line;
mod json_lines;
mod parquet;
mod parquet_pages;
mod plain_text;
mod thrift;

use std::io;
use std::path::Path;

use super::content::{Content, Document};
use super::position::{Part, Position};

use json_lines::JsonLines;
use parquet::Parquet;
use plain_text::PlainText;

/// Most documents in a block, as many as a row group of the usual shards has.
const BLOCK_DOCUMENTS: usize = 1_024;
/// Bytes of text after which a block is full; its last document may go beyond.
const BLOCK_BYTES: usize = 4 << 20;

/// Documents that are packed together.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) documents: Vec<Document>,
    /// What was left out, a sentence for each document.
    pub(crate) unreadable: Vec<String>,
    /// Where the next block begins.
    pub(crate) next: Position,
    text_bytes: usize,
}

impl Block {
    fn push(&mut self, document: Document) {
        self.text_bytes = self.text_bytes.saturating_add(document.text_bytes());
        self.documents.push(document);
    }

    fn leave_out(&mut self, reason: String) {
        self.unreadable.push(reason);
    }

    fn is_full(&self) -> bool {
        let documents = self.documents.len() + self.unreadable.len();
        documents >= BLOCK_DOCUMENTS || self.text_bytes >= BLOCK_BYTES
    }
}

/// Why the rest of a shard cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ShardFault(pub(crate) String);

impl From<io::Error> for ShardFault {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// The kinds of shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShardKind {
    Parquet,
    JsonLines,
    PlainText,
}

impl ShardKind {
    /// By the ending of a file's name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "parquet" => Some(Self::Parquet),
            "jsonl" => Some(Self::JsonLines),
            "txt" => Some(Self::PlainText),
            _ => None,
        }
    }
}

/// A shard that is being read, block after block.
pub(crate) enum Shard {
    Parquet(Box<Parquet>),
    JsonLines(JsonLines),
    PlainText(PlainText),
}

impl Shard {
    /// Opens a part of a file.
    pub(crate) fn open(
        path: &Path,
        kind: ShardKind,
        content: Content,
        part: Part,
    ) -> Result<Self, ShardFault> {
        match (kind, content) {
            (ShardKind::JsonLines, content) => {
                JsonLines::open(path, content, part).map(Self::JsonLines)
            }
            (ShardKind::Parquet, Content::Text) => {
                let parquet = Parquet::open(path, part)?;
                Ok(Self::Parquet(Box::new(parquet)))
            }
            (ShardKind::PlainText, Content::Text) => {
                PlainText::open(path, part).map(Self::PlainText)
            }
            (_, Content::Conversations) => {
                let reason = "conversations come as .jsonl files only";
                Err(ShardFault(reason.to_owned()))
            }
        }
    }

    /// The next documents; `None` at the end of the part.
    pub(crate) fn next_block(&mut self) -> Result<Option<Block>, ShardFault> {
        match self {
            Self::Parquet(parquet) => parquet.next_block(),
            Self::JsonLines(lines) => lines.next_block(),
            Self::PlainText(text) => text.next_block(),
        }
    }

    /// Where the last hundredth of a shard begins, with at least one document on either side; `None`
    /// where it has a single one.
    pub(crate) fn hold_out(path: &Path, kind: ShardKind) -> Result<Option<Position>, ShardFault> {
        match kind {
            ShardKind::Parquet => parquet::hold_out(path),
            ShardKind::JsonLines => json_lines::hold_out(path),
            ShardKind::PlainText => plain_text::hold_out(path),
        }
    }
}
