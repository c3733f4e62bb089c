//! Where shards lie while they are read: on the disk for good, or there for a while.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use headroom_hub::HubError;

use super::error::DataError;
use super::remote::RemoteShards;
use super::shard::ShardFault;
use super::shard_list::{ListedShard, Place};
use super::streaming::{Lease, Streaming};

/// Gives shards to whoever reads them, one at a time.
pub(crate) enum ShardStore {
    /// Files of the user's.
    OnDisk,
    /// Shards of a hub, downloaded ahead and deleted behind.
    Streamed(Streaming),
    /// A shard of a hub that stays once it is there.
    Kept(Arc<RemoteShards>),
}

/// A shard whose file is there as long as this is.
pub(crate) struct HeldShard {
    pub(crate) path: PathBuf,
    lease: Option<Lease>,
}

impl HeldShard {
    /// The shard has been read to its end and need not stay.
    pub(crate) fn finish(mut self) {
        if let Some(lease) = self.lease.take() {
            lease.finish();
        }
    }
}

/// Why a shard is not to be had.
pub(crate) enum NotHeld {
    /// Something is wrong with this one.
    Fault(ShardFault),
    /// No shard can be had.
    Data(DataError),
}

impl From<ShardFault> for NotHeld {
    fn from(fault: ShardFault) -> Self {
        Self::Fault(fault)
    }
}

/// A hub that does not have a shard, or has another than it announced, may well have the next; one
/// that cannot be reached has none.
impl From<HubError> for NotHeld {
    fn from(error: HubError) -> Self {
        match error {
            HubError::NotFound { .. }
            | HubError::WrongSize { .. }
            | HubError::WrongChecksum { .. } => Self::Fault(ShardFault(error.to_string())),
            other => Self::Data(other.into()),
        }
    }
}

impl ShardStore {
    /// The store for what trains, which `is_stopped` ends.
    pub(crate) fn streaming(
        remote: Option<Arc<RemoteShards>>,
        max_cached_shards: usize,
        is_stopped: &Arc<AtomicBool>,
    ) -> Self {
        match remote {
            // The shard that validates stays.
            Some(remote) => Self::Streamed(Streaming::new(
                remote,
                max_cached_shards.saturating_sub(1).max(1),
                Arc::clone(is_stopped),
            )),
            None => Self::OnDisk,
        }
    }

    /// The store for what validates.
    pub(crate) fn keeping(remote: Option<Arc<RemoteShards>>) -> Self {
        remote.map_or(Self::OnDisk, Self::Kept)
    }

    /// Waits until a shard is there.
    pub(crate) fn hold(&mut self, shard: &ListedShard) -> Result<HeldShard, NotHeld> {
        let (path, lease) = match (self, &shard.place) {
            (Self::Streamed(streaming), Place::Remote { number }) => {
                let (path, lease) = streaming.hold(*number)?;
                (path, Some(lease))
            }
            (Self::Kept(remote), Place::Remote { number }) => {
                let stop = AtomicBool::new(false);
                (remote.fetch(*number, &stop)?, None)
            }
            (_, Place::Local(path)) => (path.clone(), None),
            (Self::OnDisk, Place::Remote { .. }) => return Err(NotHeld::Data(DataError::Fault)),
        };
        Ok(HeldShard { path, lease })
    }
}
