//! What ends the reading of a shard.

use std::io;

/// Why the rest of a shard cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ShardFault(pub(crate) String);

impl From<io::Error> for ShardFault {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}
