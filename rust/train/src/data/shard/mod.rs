//! A shard as a sequence of blocks of documents, whatever its kind.

mod block;
mod bounded_line;
mod fault;
mod json_lines;
mod parquet;
mod parquet_pages;
mod plain_text;
mod thrift;

use std::path::Path;

use super::content::Content;
use super::position::{Part, Position};

pub(crate) use block::Block;
pub(crate) use fault::ShardFault;

use json_lines::JsonLines;
use parquet::Parquet;
use plain_text::PlainText;

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
