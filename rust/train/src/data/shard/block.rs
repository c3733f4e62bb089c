//! Documents that are read at a time.

use crate::data::content::Document;
use crate::data::position::Position;

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
    pub(super) fn push(&mut self, document: Document) {
        self.text_bytes = self.text_bytes.saturating_add(document.text_bytes());
        self.documents.push(document);
    }

    pub(super) fn leave_out(&mut self, reason: String) {
        self.unreadable.push(reason);
    }

    pub(super) fn is_full(&self) -> bool {
        let documents = self.documents.len() + self.unreadable.len();
        documents >= BLOCK_DOCUMENTS || self.text_bytes >= BLOCK_BYTES
    }
}
