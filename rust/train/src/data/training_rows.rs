//! Rows to train on, without an end.

use std::sync::Arc;

use super::cursor::DataCursor;
use super::documents::{Documents, Reading};
use super::error::DataError;
use super::packed_block::Packer;
use super::read_ahead::{AheadBlock, BlockPlace, ReadAhead, Reader};
use super::row::Row;
use super::settings::DataSettings;
use super::shard_list::ShardList;
use super::shard_store::ShardStore;
use super::skipped::SkippedShards;
use crate::tokenizer::TrainingTokenizer;

/// Rows of documents, epoch after epoch, read ahead on a thread of its own. Dropping this ends the
/// thread.
///
/// A block of documents (a row group, or 4 MiB of text) is tokenised, packed into rows and given out
/// in an order that the seed and the epoch decide; blocks and shards come in their own order. At most
/// three blocks are in memory, whatever the size of the data.
pub struct TrainingRows {
    list: Arc<ShardList>,
    reading: Reading,
    ahead: ReadAhead,
    block: Option<AheadBlock>,
    /// Where the next row is: in which block, and how many of its rows have been given.
    place: BlockPlace,
    row: u64,
}

impl TrainingRows {
    /// Begins to read, from the first row or from where a cursor says.
    ///
    /// # Errors
    /// When the settings are none that can be, when there is no data, or when the data is not what
    /// the cursor was taken from.
    pub fn open(
        settings: &DataSettings,
        tokenizer: Arc<TrainingTokenizer>,
        from: Option<&DataCursor>,
    ) -> Result<Self, DataError> {
        settings.check()?;
        let list = Arc::new(ShardList::of(&settings.source)?);
        let reading = Reading::new(settings);
        let place = place_of(&list, from)?;
        let most = settings.max_cached_shards;
        let store = ShardStore::streaming(list.remote.clone(), most, &reading.is_stopped);
        let reader = Reader {
            documents: Documents::of(reading.clone(), list.training.clone(), store),
            list: Arc::clone(&list),
            packer: Packer {
                tokenizer,
                context: settings.context,
                reading: reading.clone(),
            },
            random_seed: settings.random_seed,
        };
        Ok(Self {
            list,
            reading,
            ahead: ReadAhead::start(reader, place)?,
            block: None,
            place,
            row: from.map_or(0, |cursor| cursor.row),
        })
    }

    /// The next row.
    ///
    /// # Errors
    /// When nothing of the data can be read, or something cannot and nothing may be left out. There
    /// are no rows behind an error.
    pub fn next_row(&mut self) -> Result<Row, DataError> {
        self.next_row_unless(&|| false)
    }

    /// The next row, waited for as long as `wants_stop` says no: a hub may be silent for minutes.
    ///
    /// # Errors
    /// As [`Self::next_row`], and [`DataError::Stopped`], behind which the row is still to be had.
    pub fn next_row_unless(&mut self, wants_stop: &dyn Fn() -> bool) -> Result<Row, DataError> {
        loop {
            if let Some(row) = self.row_at_hand() {
                self.row += 1;
                return Ok(row);
            }
            if let Some(block) = self.block.take() {
                (self.place, self.row) = (block.next, 0);
            }
            let block = self.ahead.next(wants_stop)?;
            // The block that a cursor names can be gone because its shard is left out.
            if block.place != self.place {
                (self.place, self.row) = (block.place, 0);
            }
            self.block = Some(block);
        }
    }

    fn row_at_hand(&self) -> Option<Row> {
        self.block.as_ref()?.rows.row(self.row)
    }

    /// Where the next row begins.
    pub fn cursor(&self) -> DataCursor {
        let shard = self.list.training.get(self.place.shard);
        DataCursor {
            epoch: self.place.epoch,
            shard: shard.map(|shard| shard.name.clone()).unwrap_or_default(),
            shard_bytes: shard.map_or(0, |shard| shard.length_bytes),
            block: self.place.at,
            row: self.row,
        }
    }

    /// What has been left out so far. Reading is ahead of the rows by a few blocks.
    pub fn skipped(&self) -> SkippedShards {
        self.reading.account.read()
    }
}

fn place_of(list: &ShardList, cursor: Option<&DataCursor>) -> Result<BlockPlace, DataError> {
    let Some(cursor) = cursor else {
        let first = list.training.first();
        return Ok(BlockPlace {
            epoch: 0,
            shard: 0,
            at: first.map(|shard| shard.part.from).unwrap_or_default(),
        });
    };
    let mut shards = list.training.iter();
    let Some(shard) = shards.position(|shard| shard.name == cursor.shard) else {
        return Err(DataError::ShardGone {
            shard: cursor.shard.clone(),
            source_name: list.source_name.clone(),
        });
    };
    let now_bytes = list.training[shard].length_bytes;
    if now_bytes != cursor.shard_bytes {
        return Err(DataError::ShardChanged {
            shard: cursor.shard.clone(),
            then_bytes: cursor.shard_bytes,
            now_bytes,
        });
    }
    Ok(BlockPlace {
        epoch: cursor.epoch,
        shard,
        at: cursor.block,
    })
}

#[cfg(test)]
mod tests;
