//! A thread of its own that reads, tokenises and packs, a block ahead of whoever trains.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::documents::{Documents, PlacedBlock};
use super::error::DataError;
use super::packed_block::{PackedBlock, Packer};
use super::position::Position;
use super::shard_list::ShardList;
use super::shuffle::Shuffle;
use super::waiting::waited_for;

/// Where a block begins, in which epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockPlace {
    pub(super) epoch: u64,
    /// The shard's number among those that train.
    pub(super) shard: usize,
    pub(super) at: Position,
}

/// Rows with where they come from.
#[derive(Debug)]
pub(super) struct AheadBlock {
    pub(super) place: BlockPlace,
    /// Where the block behind it begins.
    pub(super) next: BlockPlace,
    pub(super) rows: PackedBlock,
}

/// The thread. One block waits while another is made, so that three are in memory with the one that
/// is being given out.
pub(super) struct ReadAhead {
    blocks: Option<Receiver<Result<AheadBlock, DataError>>>,
    is_stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ReadAhead {
    pub(super) fn start(reader: Reader, from: BlockPlace) -> Result<Self, DataError> {
        let (sender, blocks) = sync_channel(1);
        let is_stopped = Arc::clone(&reader.packer.reading.is_stopped);
        let thread = thread::Builder::new().name("training data".to_owned());
        let thread = thread.spawn(move || reader.run(from, &sender));
        Ok(Self {
            blocks: Some(blocks),
            is_stopped,
            thread: Some(thread.map_err(DataError::Thread)?),
        })
    }

    /// The next block, waited for as long as `wants_stop` says no; behind an error of the thread's there
    /// is none.
    pub(super) fn next(&mut self, wants_stop: &dyn Fn() -> bool) -> Result<AheadBlock, DataError> {
        let blocks = self.blocks.as_ref().ok_or(DataError::Fault)?;
        waited_for(blocks, wants_stop)?
    }
}

impl Drop for ReadAhead {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        // Whoever waits to hand over a block learns that nobody takes it.
        self.blocks.take();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What the thread does its work with.
pub(super) struct Reader {
    pub(super) documents: Documents,
    pub(super) list: Arc<ShardList>,
    pub(super) packer: Packer,
    pub(super) random_seed: u64,
}

impl Reader {
    fn run(mut self, from: BlockPlace, sender: &SyncSender<Result<AheadBlock, DataError>>) {
        if let Err(error) = self.read(from, sender) {
            // Nobody listens any more where this fails, so nobody needs to know.
            drop(sender.send(Err(error)));
        }
    }

    /// Epoch after epoch, until something fails or nobody takes the blocks.
    fn read(
        &mut self,
        from: BlockPlace,
        sender: &SyncSender<Result<AheadBlock, DataError>>,
    ) -> Result<(), DataError> {
        let mut epoch = from.epoch;
        let mut is_whole = from.shard == 0 && from.at == self.beginning(0).at;
        self.documents.go_to(from.shard, from.at);
        loop {
            let mut rows = 0_u64;
            while let Some(placed) = self.documents.next_block()? {
                let block = self.packed(epoch, placed)?;
                rows = rows.saturating_add(block.rows.row_count());
                if sender.send(Ok(block)).is_err() {
                    return Ok(());
                }
            }
            if is_whole && rows == 0 {
                return Err(self.nothing_there());
            }
            epoch = epoch.saturating_add(1);
            is_whole = true;
            self.documents.go_to(0, self.beginning(0).at);
        }
    }

    fn beginning(&self, epoch: u64) -> BlockPlace {
        let first = self.list.training.first();
        BlockPlace {
            epoch,
            shard: 0,
            at: first.map(|shard| shard.part.from).unwrap_or_default(),
        }
    }

    fn packed(&self, epoch: u64, placed: PlacedBlock) -> Result<AheadBlock, DataError> {
        let PlacedBlock { shard, from, block } = placed;
        let name = self.list.training.get(shard);
        let name = name.map_or("", |shard| shard.name.as_str());
        let numbers = [
            self.random_seed,
            epoch,
            shard as u64,
            from.group,
            from.offset,
        ];
        let place = |at| BlockPlace { epoch, shard, at };
        Ok(AheadBlock {
            place: place(from),
            next: place(block.next),
            rows: self
                .packer
                .pack(block.documents, name, Shuffle::of(&numbers))?,
        })
    }

    fn nothing_there(&self) -> DataError {
        nothing_there(&self.list.source_name, &self.packer)
    }
}

/// The error for data without a row, with the latest reason why.
pub(super) fn nothing_there(source_name: &str, packer: &Packer) -> DataError {
    let skipped = packer.reading.account.read();
    let because = skipped.latest_reasons.last();
    DataError::Empty {
        source_name: source_name.to_owned(),
        because: because.map_or_else(String::new, |reason| format!(" ({reason})")),
    }
}
