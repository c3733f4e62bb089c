//! Where a document lies in its shard.

use serde::{Deserialize, Serialize};

/// A place in a shard between two documents. Places are ordered as the documents are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The row group of a Parquet file, or the line of JSON lines, from 0; 0 in plain text.
    pub group: u64,
    /// The record in its row group, or the byte in its file.
    pub offset: u64,
}

/// A part of a shard, from one place up to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) from: Position,
    /// Where it ends; `None` is the shard's end.
    pub(crate) until: Option<Position>,
}

impl Part {
    /// What is left of it from a place on.
    pub(crate) fn starting_at(self, from: Position) -> Self {
        Self { from, ..self }
    }
}
