//! The documents of one epoch, block after block, shard after shard.

use super::content::Content;
use super::error::DataError;
use super::position::Position;
use super::settings::DataSettings;
use super::shard::{Block, Shard, ShardFault};
use super::shard_list::{ListedShard, ShardList};
use super::skipped::{SkipAccount, SkippedShards};

/// What reading goes by, whichever shards are read.
#[derive(Clone)]
pub(crate) struct Reading {
    pub(crate) content: Content,
    pub(crate) is_strict: bool,
    pub(crate) account: SkipAccount,
}

impl Reading {
    pub(crate) fn new(settings: &DataSettings) -> Self {
        Self {
            content: settings.content,
            is_strict: settings.is_strict,
            account: SkipAccount::default(),
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

    fn leave_out_documents(&self, shard: &ListedShard, block: &mut Block) -> Result<(), DataError> {
        for reason in block.unreadable.drain(..) {
            let reason = format!("{}, {reason}", shard.name);
            if self.is_strict {
                return Err(DataError::Document { reason });
            }
            self.account.document(reason);
        }
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
    open: Option<Shard>,
}

impl Documents {
    /// All documents that train, once.
    pub(crate) fn of_training(settings: &DataSettings) -> Result<Self, DataError> {
        let list = ShardList::of(&settings.source)?;
        Ok(Self::of(Reading::new(settings), list.training))
    }

    /// All documents of these shards.
    pub(crate) fn of(reading: Reading, shards: Vec<ListedShard>) -> Self {
        let at = shards.first().map(|shard| shard.part.from);
        Self {
            reading,
            shards,
            shard: 0,
            at: at.unwrap_or_default(),
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
                Ok(Some(mut block)) => {
                    self.reading.leave_out_documents(&shard, &mut block)?;
                    let (shard, from) = (self.shard, self.at);
                    self.at = block.next;
                    return Ok(Some(PlacedBlock { shard, from, block }));
                }
                Ok(None) => {}
                Err(fault) => self.reading.leave_out_shard(&shard, fault)?,
            }
            let next = self.shards.get(self.shard + 1);
            let at = next.map_or_else(Position::default, |shard| shard.part.from);
            self.go_to(self.shard + 1, at);
        }
        Ok(None)
    }

    fn read(&mut self, shard: &ListedShard) -> Result<Option<Block>, ShardFault> {
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                let part = shard.part.starting_at(self.at);
                Shard::open(&shard.path, shard.kind, self.reading.content, part)?
            }
        };
        self.open.insert(open).next_block()
    }
}
