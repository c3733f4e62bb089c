//! A block of documents as rows.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::content::Document;
use super::documents::Reading;
use super::error::DataError;
use super::packing::{packed, shuffled};
use super::row::{Row, Sequence, row_of};
use super::shuffle::Shuffle;
use crate::tokenizer::{EncodedConversation, TokenizerError, TrainingTokenizer};

/// Rows that wait to be given out. Tokens lie here once; a row is made when it is asked for.
#[derive(Debug, Default)]
pub(crate) struct PackedBlock {
    sequences: Vec<Sequence>,
    rows: Vec<Vec<usize>>,
    context: usize,
    filling: u32,
}

impl PackedBlock {
    pub(crate) fn row_count(&self) -> u64 {
        self.rows.len() as u64
    }

    pub(crate) fn row(&self, number: u64) -> Option<Row> {
        let numbers = self.rows.get(usize::try_from(number).ok()?)?;
        let sequences = numbers
            .iter()
            .filter_map(|number| self.sequences.get(*number));
        Some(row_of(sequences, self.context, self.filling))
    }
}

/// Turns documents into rows.
#[derive(Clone)]
pub(crate) struct Packer {
    pub(crate) tokenizer: Arc<TrainingTokenizer>,
    pub(crate) context: usize,
    pub(crate) reading: Reading,
}

impl Packer {
    /// The rows of a block; `shard` is what messages name.
    ///
    /// # Errors
    /// When a document cannot be used and nothing may be left out, or when nobody wants to read on.
    pub(crate) fn pack(
        &self,
        documents: Vec<Document>,
        shard: &str,
        shuffle: Shuffle,
    ) -> Result<PackedBlock, DataError> {
        let mut sequences = Vec::new();
        for document in documents {
            if self.reading.is_stopped.load(Ordering::Relaxed) {
                return Err(DataError::Stopped);
            }
            match self.sequences(document, shard) {
                Ok(more) => sequences.extend(more),
                Err(error) => self.reading.leave_out_document(shard, &error.to_string())?,
            }
        }
        Ok(PackedBlock {
            rows: shuffled(packed(&sequences, self.context), shuffle),
            sequences,
            context: self.context,
            filling: self.tokenizer.begin(),
        })
    }

    fn sequences(&self, document: Document, shard: &str) -> Result<Vec<Sequence>, TokenizerError> {
        match document {
            Document::Text(text) => {
                let tokens = self.tokenizer.encode_document(&text)?;
                Ok(Sequence::of_document(tokens, self.context))
            }
            Document::Conversation(messages) => {
                let encoded = self.tokenizer.encode_conversation(&messages)?;
                Ok(self.of_conversation(encoded, shard))
            }
        }
    }

    fn of_conversation(&self, encoded: EncodedConversation, shard: &str) -> Vec<Sequence> {
        let EncodedConversation { tokens, is_learned } = encoded;
        let (length, context) = (tokens.len(), self.context);
        let (sequence, is_cut) = Sequence::of_conversation(tokens, is_learned, context);
        if is_cut {
            let what = match sequence {
                Some(_) => "lost its end",
                None => "was left out, because no answer is within it",
            };
            self.reading.account.cut_conversation(format!(
                "{shard}: a conversation of {length} tokens is longer than the context of {context} and {what}"
            ));
        }
        sequence.into_iter().collect()
    }
}
