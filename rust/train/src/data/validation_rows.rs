//! Rows to evaluate on: the same at each evaluation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use super::documents::{Documents, Reading};
use super::error::DataError;
use super::packed_block::{PackedBlock, Packer};
use super::read_ahead::nothing_there;
use super::remote::RemoteShards;
use super::row::Row;
use super::settings::DataSettings;
use super::shard_list::{ListedShard, Place, ShardList};
use super::shard_store::ShardStore;
use super::shuffle::Shuffle;
use super::skipped::SkippedShards;
use super::waiting::waited_for;
use crate::tokenizer::TrainingTokenizer;

/// The documents that are never trained on.
pub struct ValidationRows {
    source_name: String,
    shard: ListedShard,
    remote: Option<Arc<RemoteShards>>,
    packer: Packer,
    most_tokens: u64,
}

/// A row to evaluate on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationRow {
    /// The row. Targets that stand for no text do not count: they are in neither nats nor bytes.
    pub row: Row,
    /// Bytes of text that its counted targets stand for.
    pub bytes: u64,
}

impl ValidationRows {
    /// Looks up what validates: the last shard, or the last hundredth of a single one. Evaluations
    /// take rows until about `most_tokens` targets have been counted.
    ///
    /// # Errors
    /// When the settings are none that can be, or when there is no data.
    pub fn open(
        settings: &DataSettings,
        tokenizer: Arc<TrainingTokenizer>,
        most_tokens: u64,
    ) -> Result<Self, DataError> {
        settings.check()?;
        let list = ShardList::of(&settings.source)?;
        Ok(Self {
            source_name: list.source_name,
            shard: list.validation,
            remote: list.remote,
            packer: Packer {
                tokenizer,
                context: settings.context,
                reading: Reading::new(settings),
            },
            most_tokens,
        })
    }

    /// Downloads what validates if it is not there, and waits for that as long as `wants_stop` says no.
    ///
    /// # Errors
    /// [`DataError::Stopped`], or when the shard is not to be had.
    pub fn make_ready(&self, wants_stop: &dyn Fn() -> bool) -> Result<(), DataError> {
        let (Some(remote), Place::Remote { number }) = (&self.remote, &self.shard.place) else {
            return Ok(());
        };
        let (remote, number) = (Arc::clone(remote), *number);
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, fetched) = channel();
        let thread = thread::Builder::new().name("validation shard".to_owned());
        let is_stopped = Arc::clone(&stop);
        // It is not waited for: a silent network would keep whoever trains from ending.
        thread
            .spawn(move || drop(sender.send(remote.fetch(number, &is_stopped))))
            .map_err(DataError::Thread)?;
        let fetched = waited_for(&fetched, wants_stop);
        stop.store(true, Ordering::Relaxed);
        fetched?.map(drop).map_err(DataError::from)
    }

    /// The rows of one evaluation. One block of them is in memory.
    pub fn rows(&self) -> Evaluation<'_> {
        let store = ShardStore::keeping(self.remote.clone());
        let reading = self.packer.reading.clone();
        Evaluation {
            of: self,
            documents: Documents::of(reading, vec![self.shard.clone()], store),
            block: PackedBlock::default(),
            row: 0,
            counted: 0,
            has_given: false,
        }
    }

    /// What has been left out so far, counted at each evaluation.
    pub fn skipped(&self) -> SkippedShards {
        self.packer.reading.account.read()
    }

    fn in_bytes(&self, mut row: Row) -> ValidationRow {
        let token_bytes = self.packer.tokenizer.token_bytes();
        let mut bytes = 0_u64;
        for (target, counts) in row.targets.iter().zip(&mut row.counted) {
            let length = token_bytes.get(*target as usize).copied().unwrap_or(0);
            *counts = *counts && length > 0;
            bytes += u64::from(length) * u64::from(*counts);
        }
        ValidationRow { row, bytes }
    }
}

/// The rows of one evaluation, in an order that does not change.
pub struct Evaluation<'v> {
    of: &'v ValidationRows,
    documents: Documents,
    block: PackedBlock,
    row: u64,
    counted: u64,
    has_given: bool,
}

impl Evaluation<'_> {
    fn next_row(&mut self) -> Result<Option<ValidationRow>, DataError> {
        while self.counted < self.of.most_tokens {
            if let Some(row) = self.block.row(self.row) {
                self.row += 1;
                let row = self.of.in_bytes(row);
                self.counted = self.counted.saturating_add(row.row.counted_targets());
                self.has_given = true;
                return Ok(Some(row));
            }
            let Some(placed) = self.documents.next_block()? else {
                break;
            };
            let from = placed.from;
            let shuffle = Shuffle::of(&[from.group, from.offset]);
            let documents = placed.block.documents;
            self.block = self
                .of
                .packer
                .pack(documents, &self.of.shard.name, shuffle)?;
            self.row = 0;
        }
        match self.has_given || self.of.most_tokens == 0 {
            true => Ok(None),
            false => Err(nothing_there(&self.of.source_name, &self.of.packer)),
        }
    }
}

impl Iterator for Evaluation<'_> {
    type Item = Result<ValidationRow, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_row().transpose()
    }
}
