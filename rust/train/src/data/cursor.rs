//! Where a run is in its data.

use serde::{Deserialize, Serialize};

use super::position::Position;

/// Where the next row begins. The same data, settings and tokenizer go on from here with the same
/// rows, whatever the batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataCursor {
    /// How often all shards have been read.
    pub epoch: u64,
    /// The name of the shard at hand.
    pub shard: String,
    /// Its length, by which another file of that name is told.
    pub shard_bytes: u64,
    /// Where the block at hand begins in it.
    pub block: Position,
    /// The rows of that block that have been given.
    pub row: u64,
}
