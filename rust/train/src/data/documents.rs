//! The documents of one epoch, block after block, shard after shard.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::content::Content;
use super::error::DataError;
use super::position::Position;
use super::settings::DataSettings;
use super::shard::{Block, Shard, ShardFault};
use super::shard_list::{ListedShard, ShardList};
use super::shard_store::{HeldShard, NotHeld, ShardStore};
use super::skipped::{SkipAccount, SkippedShards};

/// What reading goes by, whichever shards are read.
#[derive(Clone)]
pub(crate) struct Reading {
    pub(crate) content: Content,
    pub(crate) is_strict: bool,
    pub(crate) account: SkipAccount,
    /// Set when nobody wants to read on.
    pub(crate) is_stopped: Arc<AtomicBool>,
}

impl Reading {
    pub(crate) fn new(settings: &DataSettings) -> Self {
        Self {
            content: settings.content,
            is_strict: settings.is_strict,
            account: SkipAccount::default(),
            is_stopped: Arc::default(),
        }
    }

    fn leave_out_shard(&self, shard: &ListedShard, fault: ShardFault) -> Result<(), DataError> {
        let ShardFault(reason) = fault;
        if self.is_strict {
            let shard = shard.name.clone();
            return Err(DataError::Shard { shard, reason });
        }
        self.account.shard(format!("{}: {reason}", shard.name));
        Ok(())
    }

    /// Counts a document that cannot be used, or refuses it.
    pub(crate) fn leave_out_document(&self, shard: &str, reason: &str) -> Result<(), DataError> {
        let reason = format!("{shard}, {reason}");
        if self.is_strict {
            return Err(DataError::Document { reason });
        }
        self.account.document(reason);
        Ok(())
    }
}

/// A block and where it begins.
pub(crate) struct PlacedBlock {
    /// The shard's number in its list.
    pub(crate) shard: usize,
    pub(crate) from: Position,
    pub(crate) block: Block,
}

/// Reads shards one after another.
pub(crate) struct Documents {
    reading: Reading,
    shards: Vec<ListedShard>,
    /// The number of the shard at hand, and where its next block begins.
    shard: usize,
    at: Position,
    store: ShardStore,
    open: Option<OpenShard>,
}

/// A shard and what keeps its file there.
struct OpenShard {
    shard: Shard,
    held: HeldShard,
}

impl Documents {
    /// All documents that train, once.
    pub(crate) fn of_training(settings: &DataSettings) -> Result<Self, DataError> {
        let list = ShardList::of(&settings.source)?;
        let reading = Reading::new(settings);
        let most = settings.max_cached_shards;
        let store = ShardStore::streaming(list.remote, most, &reading.is_stopped);
        Ok(Self::of(reading, list.training, store))
    }

    /// All documents of these shards, which `store` has.
    pub(crate) fn of(reading: Reading, shards: Vec<ListedShard>, store: ShardStore) -> Self {
        let at = shards.first().map(|shard| shard.part.from);
        Self {
            reading,
            shards,
            shard: 0,
            at: at.unwrap_or_default(),
            store,
            open: None,
        }
    }

    /// What has been left out so far.
    pub(crate) fn skipped(&self) -> SkippedShards {
        self.reading.account.read()
    }

    /// Goes to where a block begins.
    pub(crate) fn go_to(&mut self, shard: usize, at: Position) {
        (self.shard, self.at, self.open) = (shard, at, None);
    }

    /// The next block; `None` behind the last one.
    ///
    /// # Errors
    /// When something cannot be read and nothing may be left out.
    pub(crate) fn next_block(&mut self) -> Result<Option<PlacedBlock>, DataError> {
        while let Some(shard) = self.shards.get(self.shard).cloned() {
            match self.read(&shard) {
                Ok(Some(block)) => return self.placed(&shard, block).map(Some),
                Ok(None) => {}
                Err(NotHeld::Fault(fault)) => self.reading.leave_out_shard(&shard, fault)?,
                Err(NotHeld::Data(error)) => return Err(error),
            }
            if let Some(open) = self.open.take() {
                open.held.finish();
            }
            let next = self.shards.get(self.shard + 1);
            let at = next.map_or_else(Position::default, |shard| shard.part.from);
            self.go_to(self.shard + 1, at);
        }
        Ok(None)
    }

    fn placed(&mut self, shard: &ListedShard, mut block: Block) -> Result<PlacedBlock, DataError> {
        for reason in block.unreadable.drain(..) {
            self.reading.leave_out_document(&shard.name, &reason)?;
        }
        let (shard, from) = (self.shard, self.at);
        self.at = block.next;
        Ok(PlacedBlock { shard, from, block })
    }

    fn read(&mut self, shard: &ListedShard) -> Result<Option<Block>, NotHeld> {
        let open = match self.open.take() {
            Some(open) => open,
            None => self.open(shard)?,
        };
        Ok(self.open.insert(open).shard.next_block()?)
    }

    fn open(&mut self, shard: &ListedShard) -> Result<OpenShard, NotHeld> {
        let held = self.store.hold(shard)?;
        let part = shard.part.starting_at(self.at);
        match Shard::open(&held.path, shard.kind, self.reading.content, part) {
            Ok(shard) => Ok(OpenShard { shard, held }),
            Err(fault) => {
                held.finish();
                Err(fault.into())
            }
        }
    }
}
